package import CommandKit
package import LiaisonModel
internal import LiaisonTrust
package import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// What `liaisond init` is told of a new node.
package struct NewNode: Sendable {
  package var handle: Handle
  /// Two capital letters.
  package var country: String
  package var name: String
  package var listen: Endpoint
  /// Where others reach it; not empty.
  package var advertised: [Endpoint]
  /// The first owner.
  package var administrator: String
  package var cardLifetimeMilliseconds: UInt64

  /// A node's description, as given.
  package init(
    handle: Handle, country: String, name: String, listen: Endpoint, advertised: [Endpoint], administrator: String,
    cardLifetimeMilliseconds: UInt64
  ) {
    self.handle = handle
    self.country = country
    self.name = name
    self.listen = listen
    self.advertised = advertised
    self.administrator = administrator
    self.cardLifetimeMilliseconds = cardLifetimeMilliseconds
  }
}

extension NodeHome {
  /// Makes a node: its keys, its first card, its first administrator and the first entries of its trust log, which, with
  /// their signed head, `store` puts into a new database at the path it is given. Everything is made in a folder beside and gets its name
  /// last, so that a home is there as a whole or not at all. Throws "cannot create" where the folder holds anything.
  package func create(
    _ node: NewNode, passphrase: SecretBytes?, parameters: PassphraseParameters = .moderate, at now: Timestamp,
    store: (_ database: String, _ entries: [[UInt8]], _ head: [UInt8]) throws -> Void
  ) throws -> Signed<NodeCard> {
    try checkIsFree()
    try makeParents()
    let suffix = secureRandom(count: 6).map { String($0, radix: 36) }.joined()
    let draft = NodeHome("\(folder).new-\(suffix)")
    do {
      for path in draft.folders {
        guard mkdir(path, 0o700) == 0 else { throw CommandError(FileError(.create, path: path, errorNumber: errno)) }
      }
      let card = try draft.fill(node, passphrase: passphrase, parameters: parameters, at: now, store: store)
      guard rename(draft.folder, folder) == 0 else {
        throw CommandError(FileError(.create, path: folder, errorNumber: errno))
      }
      return card
    } catch {
      draft.remove()
      throw error
    }
  }

  private func fill(
    _ node: NewNode, passphrase: SecretBytes?, parameters: PassphraseParameters, at now: Timestamp,
    store: (_ database: String, _ entries: [[UInt8]], _ head: [UInt8]) throws -> Void
  ) throws -> Signed<NodeCard> {
    let (root, key) = (SigningKey<RootPurpose>(), SigningKey<NodePurpose>())
    let owner = SigningKey<AdministratorPurpose>()
    let card = try Signed(
      NodeCard(
        handle: node.handle, country: node.country, name: node.name, rootKey: root.publicKey,
        nodeKeys: [key.publicKey], endpoints: node.advertised, serial: 1, issuedAt: now,
        expiresAt: now.adding(milliseconds: node.cardLifetimeMilliseconds)), by: root)

    let sealing = try KeyFile.create(at: storeKey, passphrase: passphrase, parameters: parameters)
    try SealedKey.write(root, under: sealing, to: rootKey)
    try SealedKey.write(key, under: sealing, to: nodeKey)
    let administratorSealing = try KeyFile.create(
      at: administratorStoreKey, passphrase: passphrase, parameters: parameters)
    try SealedKey.write(owner, under: administratorSealing, to: administratorKey)

    var log = TrustLog()
    var entries: [[UInt8]] = []
    let acts: [Act] = [
      .administratorNamed(try Administrator(key: owner.publicKey, name: node.administrator, role: .owner)),
      .ownCardIssued(card.unverified),
    ]
    for act in acts {
      let decision = Decision(
        position: log.nextPosition, decidedAt: now, administrator: owner.publicKey, act: act)
      let entry = LogEntry.decision(Signed(decision, by: owner).unverified).tlsEncoded
      do { try log.append(entry, at: now) } catch { throw CommandError(.badData, error.sentence) }
      entries.append(entry)
    }
    try store(database, entries, Signed(log.head(of: node.handle, at: now), by: key).bytes)
    let text = NodeConfiguration.template(listen: node.listen, advertised: node.advertised)
    try AtomicFile.write(Array(text.utf8), to: configuration, replacing: false)
    return card
  }

  /// Throws "cannot create" where the folder holds anything.
  package func checkIsFree() throws(CommandError) {
    guard let directory = opendir(folder) else {
      if errno == ENOENT { return }
      throw CommandError(.cannotCreate, "\(escaped(folder)) is there already and is not an empty folder")
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name == "." || name == ".." else {
        throw CommandError(.cannotCreate, "\(escaped(folder)) is not empty; nothing was made or changed")
      }
    }
  }

  private func makeParents() throws(CommandError) {
    var path = folder.hasPrefix("/") ? "" : "."
    for part in folder.split(separator: "/").dropLast() {
      path += "/" + part
      guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
        throw CommandError(FileError(.create, path: path, errorNumber: errno))
      }
    }
  }

  /// Takes an unfinished home away again.
  private func remove() {
    let files = [
      configuration, storeKey, rootKey, nodeKey, database, database + "-wal", database + "-shm", database + "-journal",
      administratorStoreKey, administratorKey,
    ]
    for path in files { unlink(path) }
    for path in folders.reversed() { rmdir(path) }
  }
}

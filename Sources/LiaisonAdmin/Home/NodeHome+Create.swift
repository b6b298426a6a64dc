package import CommandKit
package import LiaisonModel
package import LiaisonTrust
package import Sodium

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

  /// What the first owner decides: everything, until others are named.
  package static let firstRoles: Set<Role> = [.owner, .trustOfficer, .registrar]

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
    try NewFolder.make(folder) { draft in
      try NodeHome(draft).fill(node, passphrase: passphrase, parameters: parameters, at: now, store: store)
    }
  }

  private func fill(
    _ node: NewNode, passphrase: SecretBytes?, parameters: PassphraseParameters, at now: Timestamp,
    store: (_ database: String, _ entries: [[UInt8]], _ head: [UInt8]) throws -> Void
  ) throws -> Signed<NodeCard> {
    for path in [folder + "/keys", administrator.folder, documents] { try NewFolder.make(path) }
    let (root, key) = (SigningKey<RootPurpose>(), SigningKey<NodePurpose>())
    let card = try Signed(
      NodeCard(
        handle: node.handle, country: node.country, name: node.name, rootKey: root.publicKey,
        nodeKeys: [key.publicKey], endpoints: node.advertised, serial: 1, issuedAt: now,
        expiresAt: now.adding(milliseconds: node.cardLifetimeMilliseconds)), by: root)

    let sealing = try KeyFile.create(at: storeKey, passphrase: passphrase, parameters: parameters)
    try SealedKey.write(root, under: sealing, to: rootKey)
    try SealedKey.write(key, under: sealing, to: nodeKey)
    let (owner, _) = try administrator.fill(name: node.administrator, passphrase: passphrase, parameters: parameters)

    var log = TrustLog()
    var entries: [[UInt8]] = []
    let audit = try AuditLog(folder: self.audit, at: now)
    let acts: [Act] = [
      .administratorNamed(try Administrator(key: owner.publicKey, name: node.administrator, roles: NewNode.firstRoles)),
      .ownCardIssued(card.unverified),
    ]
    for act in acts {
      let decision = Decision(
        position: log.nextPosition, decidedAt: now, administrator: owner.publicKey, act: act)
      let entry = LogEntry.decision(Signed(decision, by: owner).unverified).tlsEncoded
      do {
        let record = try log.append(entry, at: now)
        audit.append(
          AuditEvent(.decisionTaken, who: node.administrator, what: "entry \(record.sequence): \(record.summary)"),
          at: now)
      } catch { throw CommandError(.badData, error.sentence) }
      entries.append(entry)
    }
    try store(database, entries, Signed(log.head(of: node.handle, audit: audit.flushedMark(), at: now), by: key).bytes)
    let text = NodeConfiguration.template(listen: node.listen, advertised: node.advertised)
    try AtomicFile.write(Array(text.utf8), to: configuration, replacing: false)
    return card
  }

  /// Throws "cannot create" where the folder holds anything.
  package func checkIsFree() throws(CommandError) { try NewFolder.checkIsFree(folder) }
}

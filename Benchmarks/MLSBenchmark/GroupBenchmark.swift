internal import MLS

/// All measurements on groups of one size and suite.
struct GroupBenchmark {
  private let cipherSuite: CipherSuite
  private let size: Int
  private let suite: Suite
  private let primitives: Primitives
  private let now = FullGroup.now
  private var rows: [Row] = []

  static func run(_ cipherSuite: CipherSuite, size: Int) throws -> [Row] {
    var benchmark = try GroupBenchmark(cipherSuite, size: size)
    try benchmark.run()
    return benchmark.rows
  }

  private init(_ cipherSuite: CipherSuite, size: Int) throws {
    self.cipherSuite = cipherSuite
    self.size = size
    suite = try Suite(cipherSuite)
    primitives = try Primitives(suite)
  }

  private mutating func run() throws {
    let invitation: Invitation
    do {
      let full = try FullGroup(cipherSuite, size: size)
      let group = full.group(of: 0)
      try measureCreation(full)
      invitation = try measureCommits(group)
      try measureProcessing(group, full.group(of: size / 2))
      try measureMessages(group, full.group(of: size / 2))
      try measureStorage(group, full.group(of: size / 2))
    }
    try measureJoining(invitation)
  }

  private mutating func add(_ operation: String, _ measurement: Measurement, primitives: Double) {
    rows.append(
      Row(
        cipherSuite: "\(cipherSuite)", members: size, operation: operation, value: measurement.seconds,
        unit: .seconds, primitives: primitives, samples: measurement.samples))
  }

  private mutating func add(_ operation: String, _ value: Int, _ unit: Row.Unit) {
    rows.append(
      Row(cipherSuite: "\(cipherSuite)", members: size, operation: operation, value: Double(value), unit: unit))
  }

  // MARK: Commits

  private mutating func measureCreation(_ full: FullGroup) throws {
    let added = Double(size - 1)
    add(
      "create",
      try measure(samples: 1...51, preparing: {}, running: { _ in _ = try full.create() }),
      // Two signatures of each key package, the secrets for each, and four signatures of the creator's.
      primitives: added * (2 * primitives.verify + primitives.hpkeSeal) + 4 * primitives.sign)
  }

  /// What a new member is handed.
  private struct Invitation {
    let welcome: [UInt8]
    let tree: [UInt8]
    let bundle: KeyPackageBundle
    let signatureKey: SignaturePrivateKey
  }

  private mutating func measureCommits(_ group: Group) throws -> Invitation {
    let (bundles, keys) = try FullGroup.clients(cipherSuite, size..<size + 100)
    let keyPackages = bundles.map(\.keyPackage)
    let now = now
    func measureCommit(
      _ operation: String, adding: [KeyPackage] = [], removing: [LeafIndex] = []
    ) throws -> CommitOutput {
      var output: CommitOutput?
      let measurement = try measure(
        preparing: { group },
        running: { group in
          output = try group.commit(adding: adding, removing: removing, authentication: AcceptAll(), now: now)
        })
      guard let output else { preconditionFailure("no sample was taken") }
      // The path's keys and ciphertexts, two signatures of each key package, the secrets for each new member, and the
      // committer's own signatures: leaf, commit and group infos.
      let path = output.path
      let count = Double(adding.count)
      add(
        operation, measurement,
        primitives: Double(path.nodes) * primitives.deriveKeyPair
          + (Double(path.ciphertexts) + count) * primitives.hpkeSeal + 2 * count * primitives.verify
          + (adding.isEmpty ? 3 : 4) * primitives.sign)
      return output
    }
    let adding = try measureCommit("add one", adding: [keyPackages[0]])
    _ = try measureCommit("add a hundred", adding: keyPackages)
    if size > 2 { _ = try measureCommit("remove", removing: [LeafIndex(UInt32(size / 2 + 1))]) }
    let update = try measureCommit("update with path", adding: [])
    add("size of commit", update.commit.tlsEncoded.count, .bytes)
    add("ciphertexts in commit", update.path.ciphertexts, .count)
    var next = group
    _ = try next.commit(adding: [keyPackages[0]], authentication: AcceptAll(), now: now)
    guard case .welcome(let welcome)? = adding.welcome else { preconditionFailure("nobody was welcomed") }
    add("size of Welcome", welcome.tlsEncoded.count, .bytes)
    // The group of the measured commit is gone; one more is made for the newcomer.
    var inviting = group
    let output = try inviting.commit(adding: [keyPackages[0]], authentication: AcceptAll(), now: now)
    try inviting.mergePendingCommit(now: now)
    guard case .welcome(let invitation)? = output.welcome else { preconditionFailure("nobody was welcomed") }
    return Invitation(
      welcome: invitation.tlsEncoded, tree: inviting.ratchetTree.tlsEncoded, bundle: bundles[0], signatureKey: keys[0])
  }

  private mutating func measureProcessing(_ group: Group, _ receiver: Group) throws {
    var sender = group
    let commit = try sender.commit(authentication: AcceptAll(), now: now).commit
    let depth = receiver.state.shared.tree.shape.directPath(of: NodeIndex(0)).count
    let keyLength = receiver.ownLeafNode?.encryptionKey.bytes.count ?? 0
    let bytes = commit.tlsEncoded.count
    let signing = try primitives.signing(bytes)
    // One ciphertext, the commit's and the leaf's signatures, a tree hash and a parent hash a level, the leaf's hash, the
    // transcript's and the membership tag.
    let unavoidable =
      primitives.hpkeOpen + signing.verify + primitives.verify
      + primitives.hash(2 * depth + 1, of: keyLength + 2 * suite.hashLength + 16) + primitives.hash(2, of: bytes)
    let now = now
    add(
      "process a commit",
      try measure(
        preparing: { receiver },
        running: { receiver in
          guard case .commit(let staged) = try receiver.process(commit, authentication: AcceptAll(), now: now) else {
            preconditionFailure("a commit is none")
          }
          try receiver.merge(staged)
        }), primitives: unavoidable)
  }

  // MARK: Messages

  private mutating func measureMessages(_ group: Group, _ receiver: Group) throws {
    for (name, count, batch) in [("256 B", 256, 50), ("64 KiB", 65_536, 10)] {
      let text = [UInt8](repeating: 7, count: count)
      let now = now
      var sender = group
      _ = try sender.encrypt(text)
      let encrypting = try measure(
        batch: batch, samples: 11...201, preparing: { sender },
        running: { sender in for _ in 0..<batch { _ = try sender.encrypt(text) } })
      var messages: [MLSMessage] = []
      for _ in 0...batch { messages.append(try sender.encrypt(text)) }
      var receiver = receiver
      _ = try receiver.process(messages[0], authentication: AcceptAll(), now: now)
      let decrypting = try measure(
        batch: batch, samples: 11...201, preparing: { receiver },
        running: { receiver in
          for message in messages.dropFirst() {
            _ = try receiver.process(message, authentication: AcceptAll(), now: now)
          }
        })
      let aead = try primitives.aead(count + 70)
      let signing = try primitives.signing(count + 200)
      add("encrypt \(name)", encrypting, primitives: aead.seal + signing.sign)
      add("decrypt \(name)", decrypting, primitives: aead.open + signing.verify)
    }
  }

  // MARK: Storage

  private mutating func measureStorage(_ group: Group, _ receiver: Group) throws {
    var group = group
    var storage = CountingStorage()
    try group.save(to: &storage)
    add("stored state", storage.stored.values.values.reduce(0) { $0 + $1.count }, .bytes)
    add("stored records", storage.stored.values.count, .count)
    _ = try group.encrypt([7])
    try group.save(to: &storage)
    storage.written = 0
    _ = try group.encrypt([7])
    try group.save(to: &storage)
    add("written for a message", storage.written, .bytes)
    var receiver = receiver
    var receiving = CountingStorage()
    try receiver.save(to: &receiving)
    receiving.written = 0
    let commit = try group.commit(authentication: AcceptAll(), now: now).commit
    guard case .commit(let staged) = try receiver.process(commit, authentication: AcceptAll(), now: now) else {
      preconditionFailure("a commit is none")
    }
    try receiver.merge(staged)
    try receiver.save(to: &receiving)
    add("written for a commit", receiving.written, .bytes)
    let stored = storage.stored
    let loading = try measure(
      samples: 3...31, preparing: {}, running: { _ in _ = try Group.load(from: stored) })
    rows.append(
      Row(
        cipherSuite: "\(cipherSuite)", members: size, operation: "load", value: loading.seconds, unit: .seconds,
        samples: loading.samples))
  }

  // MARK: Joining

  private mutating func measureJoining(_ invitation: Invitation) throws {
    let members = Double(size + 1)
    Memory.resetPeak()
    let before = Memory.present
    let now = now
    var wall: [Double] = []
    let joining = try measure(
      samples: 3...31, preparing: {},
      running: { _ in
        let start = Clock.wallSeconds
        _ = try Group.join(
          Welcome(tlsEncoded: invitation.welcome), bundle: invitation.bundle, signatureKey: invitation.signatureKey,
          ratchetTree: RatchetTree(tlsEncoded: invitation.tree), authentication: AcceptAll(), now: now)
        wall.append(Clock.wallSeconds - start)
      })
    let keyLength = invitation.bundle.keyPackage.leafNode.encryptionKey.bytes.count
    let verifying = members * primitives.verify
    let hashing =
      primitives.hash(size + 1, of: keyLength + 200)
      + primitives.hash(2 * size, of: keyLength + 2 * suite.hashLength + 16)
    add("join", joining, primitives: verifying + hashing + primitives.hpkeOpen + primitives.verify)
    for (part, seconds) in [
      ("join, elapsed", wall.sorted()[wall.count / 2]), ("  of it: leaf signatures", verifying),
      ("  of it: tree and parent hashes", hashing),
    ] {
      rows.append(
        Row(cipherSuite: "\(cipherSuite)", members: size, operation: part, value: seconds, unit: .seconds))
    }
    add("memory before joining", before, .bytes)
    add("peak memory of joining", Memory.peak, .bytes)
  }
}

extension CommitOutput {
  /// How many nodes a commit's path has, and how many ciphertexts.
  fileprivate var path: (nodes: Int, ciphertexts: Int) {
    guard case .publicMessage(let message) = commit, case .commit(let commit) = message.content.body,
      let path = commit.path
    else { return (0, 0) }
    return (path.nodes.count, path.nodes.reduce(0) { $0 + $1.encryptedPathSecret.count })
  }
}

/// Counts the bytes that are written.
private struct CountingStorage: GroupStorage {
  var stored = MemoryGroupStorage()
  var written = 0

  func records(in range: ClosedRange<RecordKey>) -> [StoredRecord] { stored.records(in: range) }

  mutating func write(_ value: [UInt8], for key: RecordKey) {
    written += value.count
    stored.write(value, for: key)
  }

  mutating func remove(_ range: ClosedRange<RecordKey>) { stored.remove(range) }
}

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
      let (group, receiver) = (full.group(of: 0), full.group(of: size / 2))
      try measureCreation(full)
      invitation = try measureCommits(group)
      try measureProcessing(group, receiver)
      try measureMessages(group, receiver)
      try measureStorage(group, receiver)
    }
    try measureJoining(invitation)
  }

  private mutating func add(_ operation: String, _ measurement: Measurement, hasPrimitives: Bool = true) {
    rows.append(
      Row(
        cipherSuite: "\(cipherSuite)", members: size, operation: operation, value: measurement.seconds,
        unit: .seconds, primitives: hasPrimitives ? measurement.primitives : nil, samples: measurement.samples))
  }

  private mutating func add(_ operation: String, _ value: Double, _ unit: Row.Unit) {
    rows.append(
      Row(cipherSuite: "\(cipherSuite)", members: size, operation: operation, value: value, unit: unit))
  }

  private mutating func add(_ operation: String, _ value: Int, _ unit: Row.Unit) {
    add(operation, Double(value), unit)
  }

  // MARK: Commits

  private mutating func measureCreation(_ full: FullGroup) throws {
    let (primitives, added) = (primitives, size - 1)
    let creating = try measure(
      samples: 1...51, preparing: {}, running: { _ in _ = try full.create() },
      against: {
        // Two signatures of each key package, the secrets for each, and four signatures of the creator's.
        primitives.verify(2 * added)
        try primitives.hpkeSeal(added)
        try primitives.sign(4)
      })
    add("create", creating)
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
    let (now, primitives) = (now, primitives)
    func measureCommit(
      _ operation: String, adding: [KeyPackage] = [], removing: [LeafIndex] = []
    ) throws -> CommitOutput {
      func commit(_ group: inout Group) throws -> CommitOutput {
        try group.commit(adding: adding, removing: removing, authentication: AcceptAll(), now: now)
      }
      var once = group
      let output = try commit(&once)
      let (path, count) = (output.path, adding.count)
      let measurement = try measure(
        preparing: { group }, running: { group in _ = try commit(&group) },
        against: {
          // The path's keys and ciphertexts, two signatures of each key package, the secrets for each new member, and
          // the committer's own signatures: leaf, commit and group infos.
          try primitives.deriveKeyPair(path.nodes)
          try primitives.hpkeSeal(path.ciphertexts + count)
          primitives.verify(2 * count)
          try primitives.sign(count == 0 ? 3 : 4)
        })
      add(operation, measurement)
      return output
    }
    _ = try measureCommit("add one", adding: [keyPackages[0]])
    _ = try measureCommit("add a hundred", adding: keyPackages)
    if size > 2 { _ = try measureCommit("remove", removing: [LeafIndex(UInt32(size / 2 + 1))]) }
    let update = try measureCommit("update with path")
    add("size of commit", update.commit.tlsEncoded.count, .bytes)
    add("ciphertexts in commit", update.path.ciphertexts, .count)
    var inviting = group
    let output = try inviting.commit(adding: [keyPackages[0]], authentication: AcceptAll(), now: now)
    try inviting.mergePendingCommit(now: now)
    guard case .welcome(let welcome)? = output.welcome else { preconditionFailure("nobody was welcomed") }
    add("size of Welcome", welcome.tlsEncoded.count, .bytes)
    add("size of tree", inviting.ratchetTree.tlsEncoded.count, .bytes)
    return Invitation(
      welcome: welcome.tlsEncoded, tree: inviting.ratchetTree.tlsEncoded, bundle: bundles[0], signatureKey: keys[0])
  }

  private mutating func measureProcessing(_ group: Group, _ receiver: Group) throws {
    var sender = group
    let commit = try sender.commit(authentication: AcceptAll(), now: now).commit
    let depth = receiver.state.shared.tree.shape.directPath(of: NodeIndex(0)).count
    let keyLength = receiver.ownLeafNode?.encryptionKey.bytes.count ?? 0
    let node = [UInt8](repeating: 7, count: keyLength + 2 * suite.hashLength + 16)
    let message = commit.tlsEncoded
    let (now, primitives) = (now, primitives)
    let signed = try Primitives(suite, contentLength: message.count)
    let processing = try measure(
      preparing: { receiver },
      running: { receiver in try receiver.follow(commit, now) },
      against: {
        // One ciphertext and the keys that follow from what is in it, the commit's and the leaf's signatures, a tree
        // hash and a parent hash a level, the leaf's hash, the transcript's and the membership tag, and the key schedule.
        try primitives.hpkeOpen()
        try primitives.deriveKeyPair(1)
        primitives.expand(14)
        signed.verify()
        primitives.verify()
        primitives.hash(2 * depth + 1, node)
        primitives.hash(2, message)
      })
    add("process a commit", processing)
  }

  // MARK: Messages

  private mutating func measureMessages(_ group: Group, _ receiver: Group) throws {
    for (name, count, batch) in [("256 B", 256, 50), ("64 KiB", 65_536, 10)] {
      let text = [UInt8](repeating: 7, count: count)
      let now = now
      // The text with its framing: the sender signs some 200 bytes more.
      let primitives = try Primitives(suite, contentLength: count + 200)
      var sender = group
      _ = try sender.encrypt(text)
      let encrypting = try measure(
        batch: batch, samples: 11...201, preparing: { sender },
        running: { sender in for _ in 0..<batch { _ = try sender.encrypt(text) } },
        against: {
          try primitives.seal()
          try primitives.sign()
        })
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
        },
        against: {
          try primitives.open()
          primitives.verify()
        })
      add("encrypt \(name)", encrypting)
      add("decrypt \(name)", decrypting)
    }
  }

  // MARK: Storage

  private mutating func measureStorage(_ group: Group, _ receiver: Group) throws {
    let now = now
    var (group, receiver) = (group, receiver)
    var (sending, receiving) = (CountingStorage(), CountingStorage())
    try group.save(to: &sending)
    try receiver.save(to: &receiving)
    add("stored state", sending.stored.values.values.reduce(0) { $0 + $1.count }, .bytes)
    add("stored records", sending.stored.values.count, .count)
    _ = try group.encrypt([7])
    try group.save(to: &sending)
    sending.written = 0
    _ = try group.encrypt([7])
    try group.save(to: &sending)
    add("written for a message", sending.written, .bytes)
    let stored = sending.stored
    let loading = try measure(
      samples: 3...31, preparing: {}, running: { _ in _ = try Group.load(from: stored) })
    add("load", loading, hasPrimitives: false)
    receiving.written = 0
    let commit = try group.commit(authentication: AcceptAll(), now: now).commit
    try receiver.follow(commit, now)
    try receiver.save(to: &receiving)
    add("written for a commit", receiving.written, .bytes)
  }

  // MARK: Joining

  private mutating func measureJoining(_ invitation: Invitation) throws {
    let (now, primitives, size) = (now, primitives, size)
    let keyLength = invitation.bundle.keyPackage.leafNode.encryptionKey.bytes.count
    let leaf = [UInt8](repeating: 7, count: keyLength + 200)
    let node = [UInt8](repeating: 7, count: keyLength + 2 * suite.hashLength + 16)
    var (elapsed, signatures, hashes): ([Double], [Double], [Double]) = ([], [], [])
    Memory.resetPeak()
    let before = Memory.present
    let joining = try measure(
      budget: 4, samples: 3...31, preparing: {},
      running: { _ in
        let start = Clock.wallSeconds
        _ = try Group.join(
          Welcome(tlsEncoded: invitation.welcome), bundle: invitation.bundle, signatureKey: invitation.signatureKey,
          ratchetTree: RatchetTree(tlsEncoded: invitation.tree), authentication: AcceptAll(), now: now)
        elapsed.append(Clock.wallSeconds - start)
      },
      against: {
        // A signature of each leaf and the group info's, a hash of each node, a parent hash of each parent.
        signatures.append(Clock.time { primitives.verify(size + 1) })
        hashes.append(
          Clock.time {
            primitives.hash(size + 1, leaf)
            primitives.hash(2 * size, node)
          })
        primitives.verify()
        try primitives.hpkeOpen()
      })
    let peak = Memory.peak
    add("join", joining)
    add("  elapsed", median(elapsed), .seconds)
    add("  leaf signatures alone", median(signatures), .seconds)
    add("  hashes alone", median(hashes), .seconds)
    add("memory before joining", before, .bytes)
    add("peak memory of joining", peak, .bytes)
  }
}

extension Group {
  fileprivate mutating func follow(_ commit: MLSMessage, _ now: UInt64) throws {
    guard case .commit(let staged) = try process(commit, authentication: AcceptAll(), now: now) else {
      preconditionFailure("a commit is none")
    }
    try merge(staged)
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

import MLS
import TLSPresentation

/// The suites that groups are tested with: the two classical ones of the essential set, and the default.
let testedSuites: [CipherSuite] = [.x25519AES128GCMSHA256Ed25519, .x25519ChaCha20Poly1305SHA256Ed25519, .default]

let now: UInt64 = 1_800_000_000

/// One who takes part in groups.
struct Client {
  let name: String
  let signatureKey: SignaturePrivateKey
  let cipherSuite: CipherSuite

  init(_ name: String, _ cipherSuite: CipherSuite) throws {
    self.name = name
    self.cipherSuite = cipherSuite
    signatureKey = try .generate(cipherSuite)
  }

  var credential: Credential { .basic(identity: Array(name.utf8)) }

  static let lifetime = Lifetime(notBefore: now - 3600, notAfter: now + 30 * 86_400)

  func bundle(
    lifetime: Lifetime = Client.lifetime, capabilities: Capabilities = Capabilities(), lastResort: Bool = false
  ) throws -> KeyPackageBundle {
    try .generate(
      cipherSuite: cipherSuite, credential: credential, signatureKey: signatureKey, capabilities: capabilities,
      lifetime: lifetime, lastResort: lastResort)
  }

  func createGroup(
    extensions: [Extension] = [], capabilities: Capabilities = Capabilities(),
    configuration: GroupConfiguration = GroupConfiguration()
  ) throws -> Group {
    try .create(
      groupID: Array("a room".utf8), cipherSuite: cipherSuite, credential: credential, signatureKey: signatureKey,
      capabilities: capabilities, lifetime: Client.lifetime, groupContextExtensions: extensions,
      configuration: configuration, now: now)
  }

  func join(_ welcome: MLSMessage?, _ bundle: KeyPackageBundle, tree: RatchetTree?) throws -> Group {
    guard case .welcome(let welcome)? = welcome else { throw MLSError.unexpectedMessage }
    return try Group.join(
      welcome, bundle: bundle, signatureKey: signatureKey, ratchetTree: tree, authentication: AcceptAll(), now: now)
  }
}

/// Groups of some clients in one epoch, by name. Every message passes through its encoding.
struct Room {
  var groups: [String: Group] = [:]
  var clients: [String: Client] = [:]
  let cipherSuite: CipherSuite

  /// The first name creates the group and adds the others at once.
  init(_ names: [String], _ cipherSuite: CipherSuite, configuration: GroupConfiguration = GroupConfiguration()) throws {
    self.cipherSuite = cipherSuite
    let creator = try Client(names[0], cipherSuite)
    clients[names[0]] = creator
    groups[names[0]] = try creator.createGroup(configuration: configuration)
    if names.count > 1 { try add(Array(names.dropFirst()), by: names[0]) }
    for name in names { groups[name]?.configuration = configuration }
  }

  subscript(name: String) -> Group {
    get { groups[name]! }
    set { groups[name] = newValue }
  }

  func leaf(_ name: String) -> LeafIndex { self[name].ownLeafIndex }

  mutating func add(_ names: [String], by committer: String, welcomeWithTree: Bool = false) throws {
    var bundles: [(String, KeyPackageBundle)] = []
    for name in names {
      let client = try clients[name] ?? Client(name, cipherSuite)
      clients[name] = client
      bundles.append((name, try client.bundle()))
    }
    let output = try self[committer].commit(
      adding: bundles.map(\.1.keyPackage), welcomeWithTree: welcomeWithTree, authentication: AcceptAll(), now: now)
    try deliver(output, by: committer)
    for (name, bundle) in bundles {
      groups[name] = try clients[name]!.join(
        reencoded(output.welcome!), bundle, tree: welcomeWithTree ? nil : self[committer].ratchetTree)
    }
  }

  /// Gives a commit to all: its maker merges it, the others process it.
  mutating func deliver(_ output: CommitOutput, by committer: String) throws {
    for name in groups.keys where name != committer && self[name].epoch == self[committer].epoch {
      guard self[name].isActive else { continue }
      let staged = try self[name].stage(output.commit)
      try self[name].merge(staged)
    }
    try self[committer].mergePendingCommit(now: now)
  }

  mutating func commit(by committer: String, removing: [String] = [], updatingPath: Bool = true) throws {
    let output = try self[committer].commit(
      removing: removing.map { leaf($0) }, updatingPath: updatingPath, authentication: AcceptAll(), now: now)
    try deliver(output, by: committer)
  }

  /// Gives a proposal to all but its maker.
  mutating func deliver(proposal: MLSMessage, by proposer: String) throws {
    for name in groups.keys where name != proposer && self[name].isActive {
      _ = try self[name].receive(reencoded(proposal))
    }
  }

  /// Whether all active members agree, and each can read what each sends.
  mutating func agree() throws -> Bool {
    let active = groups.keys.filter { self[$0].isActive }.sorted()
    guard let first = active.first else { return false }
    let (authenticator, tree) = (self[first].epochAuthenticator, self[first].ratchetTree)
    for sender in active {
      guard self[sender].epochAuthenticator == authenticator, self[sender].ratchetTree == tree else { return false }
      let text = Array("from \(sender)".utf8)
      let message = try self[sender].encrypt(text, authenticatedData: [1], padding: .padme)
      for reader in active where reader != sender {
        let read = try self[reader].read(reencoded(message))
        guard read.plaintext == text, read.sender == leaf(sender), read.authenticatedData == [1] else { return false }
        guard read.senderCredential == clients[sender]?.credential else { return false }
      }
    }
    return true
  }
}

func reencoded(_ message: MLSMessage) throws -> MLSMessage { try MLSMessage(message.tlsEncoded) }

extension Group {
  /// All its records.
  var stored: MemoryGroupStorage {
    get throws {
      var storage = MemoryGroupStorage()
      try copy(to: &storage)
      return storage
    }
  }

  /// What a restart makes of it.
  func storedAndLoaded() throws -> Group {
    guard let group = try Group.load(from: stored) else { throw MLSError.unreadableState }
    return group
  }

  mutating func receive(_ message: MLSMessage) throws(MLSError) -> Processed {
    try process(message, authentication: AcceptAll(), now: now)
  }

  mutating func stage(_ message: MLSMessage) throws(MLSError) -> StagedCommit {
    guard case .commit(let staged) = try receive(MLSMessage(message.tlsEncoded)) else { throw .unexpectedMessage }
    return staged
  }

  mutating func read(_ message: MLSMessage) throws(MLSError) -> ApplicationMessage {
    guard case .application(let message) = try receive(message) else { throw .unexpectedMessage }
    return message
  }
}

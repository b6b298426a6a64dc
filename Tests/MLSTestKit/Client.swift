package import MLS
package import TLSPresentation

/// The suites that groups are tested with: the two classical ones of the essential set, and the default.
package let testedSuites: [CipherSuite] = [
  .x25519AES128GCMSHA256Ed25519, .x25519ChaCha20Poly1305SHA256Ed25519, .default,
]

/// The time of all tests, in seconds since 1970.
package let now: UInt64 = 1_800_000_000

/// One who takes part in groups.
package struct Client {
  package let name: String
  package let signatureKey: SignaturePrivateKey
  package let cipherSuite: CipherSuite
  package let random: RandomSource

  package init(_ name: String, _ cipherSuite: CipherSuite, random: RandomSource = .system) throws {
    self.name = name
    self.cipherSuite = cipherSuite
    self.random = random
    signatureKey = try .generate(cipherSuite, random: random)
  }

  package var credential: Credential { .basic(identity: Array(name.utf8)) }

  package static let lifetime = Lifetime(notBefore: now - 3600, notAfter: now + 30 * 86_400)

  package func bundle(
    lifetime: Lifetime = Client.lifetime, capabilities: Capabilities = Capabilities(), lastResort: Bool = false
  ) throws -> KeyPackageBundle {
    try .generate(
      cipherSuite: cipherSuite, credential: credential, signatureKey: signatureKey, capabilities: capabilities,
      lifetime: lifetime, lastResort: lastResort, random: random)
  }

  package func createGroup(
    extensions: [Extension] = [], capabilities: Capabilities = Capabilities(),
    configuration: GroupConfiguration = GroupConfiguration()
  ) throws -> Group {
    try .create(
      groupID: Array("a room".utf8), cipherSuite: cipherSuite, credential: credential, signatureKey: signatureKey,
      capabilities: capabilities, lifetime: Client.lifetime, groupContextExtensions: extensions,
      configuration: configuration, random: random, now: now)
  }

  package func join(_ welcome: MLSMessage?, _ bundle: KeyPackageBundle, tree: RatchetTree?) throws -> Group {
    guard case .welcome(let welcome)? = welcome else { throw MLSError.unexpectedMessage }
    return try Group.join(
      welcome, bundle: bundle, signatureKey: signatureKey, ratchetTree: tree, random: random,
      authentication: AcceptAll(), now: now)
  }
}

/// Groups of some clients in one epoch, by name. Every message passes through its encoding.
package struct Room {
  package var groups: [String: Group] = [:]
  package var clients: [String: Client] = [:]
  package let cipherSuite: CipherSuite
  package let random: RandomSource

  /// The first name creates the group and adds the others at once.
  package init(
    _ names: [String], _ cipherSuite: CipherSuite, configuration: GroupConfiguration = GroupConfiguration(),
    random: RandomSource = .system
  ) throws {
    self.cipherSuite = cipherSuite
    self.random = random
    let creator = try Client(names[0], cipherSuite, random: random)
    clients[names[0]] = creator
    groups[names[0]] = try creator.createGroup(configuration: configuration)
    if names.count > 1 { try add(Array(names.dropFirst()), by: names[0]) }
    for name in names { groups[name]?.configuration = configuration }
  }

  package subscript(name: String) -> Group {
    get { groups[name]! }
    set { groups[name] = newValue }
  }

  package func leaf(_ name: String) -> LeafIndex { self[name].ownLeafIndex }

  package mutating func add(_ names: [String], by committer: String, welcomeWithTree: Bool = false) throws {
    var bundles: [(String, KeyPackageBundle)] = []
    for name in names {
      let client = try clients[name] ?? Client(name, cipherSuite, random: random)
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
  package mutating func deliver(_ output: CommitOutput, by committer: String) throws {
    for name in groups.keys where name != committer && self[name].epoch == self[committer].epoch {
      guard self[name].isActive else { continue }
      let staged = try self[name].stage(output.commit)
      try self[name].merge(staged)
    }
    try self[committer].mergePendingCommit(now: now)
  }

  package mutating func commit(by committer: String, removing: [String] = [], updatingPath: Bool = true) throws {
    let output = try self[committer].commit(
      removing: removing.map { leaf($0) }, updatingPath: updatingPath, authentication: AcceptAll(), now: now)
    try deliver(output, by: committer)
  }

  /// Gives a proposal to all but its maker.
  package mutating func deliver(proposal: MLSMessage, by proposer: String) throws {
    for name in groups.keys where name != proposer && self[name].isActive {
      _ = try self[name].receive(reencoded(proposal))
    }
  }

  /// Whether all active members agree, and each can read what each sends.
  package mutating func agree() throws -> Bool {
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

/// A message as its receiver decodes it.
package func reencoded(_ message: MLSMessage) throws -> MLSMessage { try MLSMessage(message.tlsEncoded) }

extension Group {
  /// All its records.
  package var stored: MemoryGroupStorage {
    get throws {
      var storage = MemoryGroupStorage()
      try copy(to: &storage)
      return storage
    }
  }

  /// What a restart makes of it.
  package func storedAndLoaded() throws -> Group {
    guard let group = try Group.load(from: stored) else { throw MLSError.unreadableState }
    return group
  }

  package mutating func receive(_ message: MLSMessage) throws(MLSError) -> Processed {
    try process(message, authentication: AcceptAll(), now: now)
  }

  package mutating func stage(_ message: MLSMessage) throws(MLSError) -> StagedCommit {
    guard case .commit(let staged) = try receive(MLSMessage(message.tlsEncoded)) else { throw .unexpectedMessage }
    return staged
  }

  package mutating func read(_ message: MLSMessage) throws(MLSError) -> ApplicationMessage {
    guard case .application(let message) = try receive(message) else { throw .unexpectedMessage }
    return message
  }
}

/// Accepts every credential.
package struct AcceptAll: AuthenticationService {
  package init() {}

  package func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError) {}

  package func validateSuccessor(old: Credential, new: Credential) throws(MLSError) {}
}

import MLS
import TLSPresentation

extension VectorGenerator {
  /// Joining with and without the tree in the Welcome, and with an external PSK.
  func passiveWelcomes(_ random: RandomSource) throws -> [PassiveClientVector] {
    try [(false, false), (true, false), (true, true)].map { withTree, withPSK in
      try PassiveClient(self, random, welcomeWithTree: withTree, withPSK: withPSK).vector
    }
  }

  /// One commit of each kind.
  func passiveCommits(_ random: RandomSource) throws -> [PassiveClientVector] {
    try PassiveClient.Step.allCases.map { step in
      var client = try PassiveClient(self, random, welcomeWithTree: true, withPSK: step == .externalPSK)
      try client.take(step)
      return client.vector
    }
  }

  /// Every kind of commit, one after another.
  func passiveHistory(_ random: RandomSource) throws -> PassiveClientVector {
    var client = try PassiveClient(self, random, welcomeWithTree: true, withPSK: true)
    for step in PassiveClient.Step.allCases.reversed() { try client.take(step) }
    return client.vector
  }
}

/// A client that joins a group of three and then only receives, and the vector of what it saw.
private struct PassiveClient {
  enum Step: CaseIterable {
    case update, addByValue, addByReference, updateByReference, removeByValue, externalPSK, groupContextExtensions
    case externalJoin, resync, withoutPath
  }

  private(set) var vector: PassiveClientVector
  private var room: Room
  private let psks: PreSharedKeys
  private let random: RandomSource
  private var counter = 0

  init(_ generator: VectorGenerator, _ random: RandomSource, welcomeWithTree: Bool, withPSK: Bool) throws {
    self.random = random
    room = try Room(["ana", "ben"], generator.cipherSuite, random: random)
    let client = try generator.client("cem", random)
    let bundle = try client.bundle()
    let psk = PassiveClientVector.PSK(pskId: Hex(random.bytes(8)), psk: Hex(random.bytes(32)))
    var psks = PreSharedKeys()
    if withPSK { psks[.external(id: psk.pskId.bytes)] = psk.psk.secret }
    self.psks = psks
    let id = PreSharedKeyID(
      kind: .external(id: psk.pskId.bytes), nonce: random.bytes(generator.suite.hashLength))
    let output = try room["ana"].commit(
      adding: [bundle.keyPackage], proposals: withPSK ? [.preSharedKey(id)] : [], preSharedKeys: psks,
      welcomeWithTree: welcomeWithTree, authentication: AcceptAll(), now: now)
    try Self.deliver(output.commit, to: &room, except: "ana", psks)
    try room["ana"].mergePendingCommit(now: now)
    vector = PassiveClientVector(
      cipherSuite: generator.cipherSuite.rawValue, externalPsks: withPSK ? [psk] : [],
      keyPackage: generator.hex(.keyPackage(bundle.keyPackage)),
      signaturePriv: Hex(client.signatureKey.rawRepresentation),
      encryptionPriv: Hex(bundle.encryptionKey.secret), initPriv: Hex(bundle.initKey.secret),
      welcome: generator.hex(output.welcome),
      ratchetTree: welcomeWithTree ? nil : Hex(room["ana"].ratchetTree.tlsEncoded),
      initialEpochAuthenticator: Hex(room["ana"].epochAuthenticator), epochs: [])
  }

  private static func deliver(
    _ commit: MLSMessage, to room: inout Room, except committer: String, _ psks: PreSharedKeys
  ) throws {
    for name in room.groups.keys.sorted() where name != committer {
      let processed = try room[name].process(
        reencoded(commit), preSharedKeys: psks, authentication: AcceptAll(), now: now)
      guard case .commit(let staged) = processed else { throw MLSError.unexpectedMessage }
      try room[name].merge(staged)
    }
    room.groups = room.groups.filter(\.value.isActive)
  }

  private mutating func newcomer() throws -> Client {
    counter += 1
    return try Client("newcomer \(counter)", room.cipherSuite, random: random)
  }

  mutating func take(_ step: Step) throws {
    var proposals: [MLSMessage] = []
    switch step {
    case .update: try commit(proposals) { try $0.commit(authentication: AcceptAll(), now: now) }
    case .addByValue:
      let keyPackage = try newcomer().bundle().keyPackage
      try commit(proposals) { try $0.commit(adding: [keyPackage], authentication: AcceptAll(), now: now) }
    case .addByReference:
      let keyPackage = try newcomer().bundle().keyPackage
      proposals.append(try room["ben"].propose(adding: keyPackage, authentication: AcceptAll(), now: now))
      try room.deliver(proposal: proposals[0], by: "ben")
      try commit(proposals) { try $0.commit(authentication: AcceptAll(), now: now) }
    case .updateByReference:
      proposals.append(try room["ben"].proposeUpdate(authentication: AcceptAll(), now: now))
      try room.deliver(proposal: proposals[0], by: "ben")
      try commit(proposals) { try $0.commit(authentication: AcceptAll(), now: now) }
    case .removeByValue:
      // Neither ben nor the passive client.
      var others: [LeafIndex] { room["ana"].members.map(\.leafIndex).filter { $0.rawValue > 2 } }
      if others.isEmpty { try take(.addByValue) }
      let removed = Array(others.prefix(1))
      try commit(proposals) { try $0.commit(removing: removed, authentication: AcceptAll(), now: now) }
    case .externalPSK:
      let (psk, psks) = (vector.externalPsks[0], psks)
      let id = PreSharedKeyID(
        kind: .external(id: psk.pskId.bytes), nonce: random.bytes(room["ana"].suite.hashLength))
      try commit(proposals) {
        try $0.commit(proposals: [.preSharedKey(id)], preSharedKeys: psks, authentication: AcceptAll(), now: now)
      }
    case .groupContextExtensions:
      let required = RequiredCapabilities(credentials: [.basic]).asExtension
      try commit(proposals) {
        try $0.commit(proposals: [.groupContextExtensions([required])], authentication: AcceptAll(), now: now)
      }
    case .externalJoin: try joinExternally(newcomer(), replacing: nil)
    case .resync:
      guard let ben = room.clients["ben"] else { throw MLSError.unexpectedMessage }
      try joinExternally(ben, replacing: room.leaf("ben"))
    case .withoutPath:
      let keyPackage = try newcomer().bundle().keyPackage
      try commit(proposals) {
        try $0.commit(adding: [keyPackage], updatingPath: false, authentication: AcceptAll(), now: now)
      }
    }
  }

  private mutating func commit(
    _ proposals: [MLSMessage], _ body: (inout Group) throws -> CommitOutput
  ) throws {
    let output = try body(&room["ana"])
    try Self.deliver(output.commit, to: &room, except: "ana", psks)
    try room["ana"].mergePendingCommit(now: now)
    record(proposals, output.commit)
  }

  private mutating func joinExternally(_ client: Client, replacing: LeafIndex?) throws {
    let join = try Group.joinExternally(
      room["ana"].groupInfo(withTree: true), credential: client.credential, signatureKey: client.signatureKey,
      replacing: replacing, random: random, authentication: AcceptAll(), now: now)
    if replacing != nil { room.groups[client.name] = nil }
    try Self.deliver(join.commit, to: &room, except: client.name, psks)
    if replacing != nil { room[client.name] = join.group }
    record([], join.commit)
  }

  private mutating func record(_ proposals: [MLSMessage], _ commit: MLSMessage) {
    let epoch = PassiveClientVector.Epoch(
      proposals: proposals.map { Hex($0.tlsEncoded) }, commit: Hex(commit.tlsEncoded),
      epochAuthenticator: Hex(room["ana"].epochAuthenticator))
    vector.epochs.append(epoch)
  }
}

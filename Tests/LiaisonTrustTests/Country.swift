import LiaisonModel
import LiaisonTrust
import MerkleLog

let day: UInt64 = 86_400_000
let noon = Timestamp(milliseconds: 1_790_000_000_000)

/// A country with its keys, for tests.
struct Country {
  var handle: String
  var root = SigningKey<RootPurpose>()
  var node = SigningKey<NodePurpose>()

  init(_ handle: String) { self.handle = handle }

  /// The act that makes it an active peer.
  var activation: Act { get throws { .peerActivated(try Handle(handle), rootKey: root.publicKey) } }

  func card(
    serial: UInt64 = 1, issued: Timestamp = noon, days: UInt64 = 365, nodeKeys: [NodeKey]? = nil,
    endpoints: [Endpoint] = []
  ) throws -> Unverified<NodeCard> {
    let content = try NodeCard(
      handle: Handle(handle), country: "XA", name: "Land of \(handle)", rootKey: root.publicKey,
      nodeKeys: nodeKeys ?? [node.publicKey], endpoints: endpoints, serial: serial, issuedAt: issued,
      expiresAt: issued.adding(milliseconds: days * day))
    return Signed(content, by: root).unverified
  }
}

/// A log with its owner and the node's own card, and all that was ever entered.
struct Log {
  let own: Country
  let owner = SigningKey<AdministratorPurpose>()
  var log = TrustLog()
  var entries: [[UInt8]] = []
  var now = noon

  init(_ own: Country = Country("xa")) throws {
    self.own = own
    try decide(
      .administratorNamed(
        Administrator(key: owner.publicKey, name: "Owner", roles: [.owner, .trustOfficer, .registrar])))
    try decide(.ownCardIssued(own.card()))
  }

  var head: Unverified<LogHead> {
    get throws { Signed(try log.head(of: Handle(own.handle), at: now), by: own.node).unverified }
  }

  var registry: Registry { log.registry }

  func entry(_ act: Act, by key: SigningKey<AdministratorPurpose>? = nil, position: LogPosition? = nil) -> [UInt8] {
    let key = key ?? owner
    let decision = Decision(
      position: position ?? log.nextPosition, decidedAt: now, administrator: key.publicKey, act: act)
    return LogEntry.decision(Signed(decision, by: key).unverified).tlsEncoded
  }

  func received(_ card: Unverified<NodeCard>, by key: SigningKey<NodePurpose>? = nil) -> [UInt8] {
    let key = key ?? own.node
    let content = CardReceived(position: log.nextPosition, receivedAt: now, nodeKey: key.publicKey, card: card)
    return LogEntry.cardReceived(Signed(content, by: key).unverified).tlsEncoded
  }

  @discardableResult
  mutating func append(_ entry: [UInt8]) throws -> LogRecord {
    let record = try log.append(entry, at: now)
    entries.append(entry)
    return record
  }

  @discardableResult
  mutating func decide(_ act: Act, by key: SigningKey<AdministratorPurpose>? = nil) throws -> LogRecord {
    try append(entry(act, by: key))
  }

  /// Has all of `keys` want it, the first as a proposal; returns the last entry.
  @discardableResult
  mutating func agree(_ act: Act, _ keys: [SigningKey<AdministratorPurpose>]) throws -> LogRecord {
    var record = try decide(act, by: keys.first)
    for key in keys.dropFirst() {
      guard case .waits(let proposal, _)? = record.decision?.outcome else { return record }
      record = try decide(.proposalSigned(proposal.sequence, ActDigest(of: act)), by: key)
    }
    return record
  }

  /// The number of the proposal that `act` becomes.
  mutating func propose(_ act: Act, by key: SigningKey<AdministratorPurpose>? = nil) throws -> UInt64 {
    guard case .waits(let proposal, _)? = try decide(act, by: key).decision?.outcome else { throw Changed() }
    return proposal.sequence
  }

  func recovery(
    owner: AdministratorKey, named name: String, lost: [AdministratorKey], roles: Set<Role> = [.owner],
    by root: SigningKey<RootPurpose>? = nil
  ) throws -> [UInt8] {
    let root = root ?? own.root
    let recovery = Recovery(
      position: log.nextPosition, recoveredAt: now, rootKey: root.publicKey,
      owner: try Administrator(key: owner, name: name, roles: roles), lost: lost)
    return LogEntry.recovery(Signed(recovery, by: root).unverified).tlsEncoded
  }

  /// Names an administrator with a new key.
  mutating func name(_ name: String, _ roles: Set<Role>) throws -> SigningKey<AdministratorPurpose> {
    let key = SigningKey<AdministratorPurpose>()
    try decide(.administratorNamed(Administrator(key: key.publicKey, name: name, roles: roles)))
    return key
  }

  /// Proposes, verifies and activates.
  mutating func admit(_ country: Country) throws {
    try decide(.peerProposed(country.card()))
    try decide(.peerVerified(Handle(country.handle), rootKey: country.root.publicKey))
    try decide(country.activation)
  }

  /// What stops `act`, after a check that nothing changed.
  mutating func refusal(of act: Act, by key: SigningKey<AdministratorPurpose>? = nil) throws -> TrustError? {
    try refusal(entry: entry(act, by: key))
  }

  mutating func refusal(entry: [UInt8]) throws -> TrustError? {
    let (registry, root) = (log.registry, log.root)
    do {
      try log.append(entry, at: now)
      return nil
    } catch {
      guard log.registry == registry, log.root == root else { throw Changed() }
      return error
    }
  }

  struct Changed: Error {}
}

package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol
package import LiaisonTrust
package import Logging

/// Keeps a running node's trust log: verifies each new entry, has it made durable together with its head and its
/// effects, and only then takes it over. One entry at a time.
package actor TrustKeeper {
  private(set) var log: TrustLog
  private var entries: [[UInt8]]
  private(set) var head: Signed<LogHead>
  /// Whether the store has it: not the one of a start.
  private var isHeadStored = false
  /// What peers have shown of their logs.
  var peerHeads: PeerHeads
  var watch = PeerWatch()
  /// The charters that are known here.
  var charters: CharterBox
  /// What a peer has seen of this log and is not here; until owners have said that it is lost, nothing but a suspension or
  /// a revocation is decided.
  package internal(set) var lostHistory: LostHistory?
  var noticeLimits = NoticeLimits()
  /// The most lines of the audit log that a peer has shown and are not here.
  var auditSeen: UInt64 = 0
  let logger: Logger
  /// Where acts are audited.
  package nonisolated let audit: AuditLog?
  /// The node's key in use.
  package private(set) var key: SigningKey<NodePurpose>
  /// The key that a rotation takes next; none after one until the next start.
  private(set) var spare: SigningKey<NodePurpose>?
  /// What is wrong with the card that a peer showed last.
  package internal(set) var cardAlarms: [Handle: String] = [:]
  private let handle: Handle
  let node: any AdministeredNode
  let clock: @Sendable () -> Timestamp
  /// What the core was told last.
  private var table: PeerTable
  private var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// Takes over a log that was verified. Throws where it names no card of this node.
  package init(
    log: TrustLog, entries: [[UInt8]], key: SigningKey<NodePurpose>, spare: SigningKey<NodePurpose>? = nil,
    node: any AdministeredNode, peerHeads: PeerHeads = PeerHeads(), charters: CharterBox = CharterBox(),
    audit: AuditLog? = nil,
    clock: @escaping @Sendable () -> Timestamp, logger: Logger
  ) throws(TrustLogFault) {
    guard let own = log.registry.ownCard else { throw .head("the log names no card of this node") }
    self.log = log
    self.entries = entries
    self.key = key
    self.spare = spare
    self.node = node
    self.peerHeads = peerHeads
    self.charters = charters
    self.audit = audit
    self.clock = clock
    self.logger = logger
    handle = own.content.handle
    table = PeerTable(log.registry, at: clock())
    head = Signed(log.head(of: own.content.handle, audit: audit?.flushedMark() ?? .empty, at: clock()), by: key)
  }

  /// The fold of the log.
  package var registry: Registry { log.registry }

  /// The number of entries and the root over them.
  package var position: LogPosition { log.nextPosition }

  /// The encoded entry of that place.
  func entry(at index: Int) -> [UInt8]? { entries.indices.contains(index) ? entries[index] : nil }

  /// Entries from `first` on, as many as fit in `bytesMax`, and the signed head over all.
  package func page(from first: Int, bytesMax: Int) -> (entries: [[UInt8]], head: Signed<LogHead>) {
    var page: [[UInt8]] = []
    var bytes = 0
    for entry in entries.dropFirst(max(0, first)) {
      bytes += entry.count + 8
      guard page.isEmpty || bytes <= bytesMax else { break }
      page.append(entry)
    }
    return (page, head)
  }

  /// Verifies an administrator's decision and puts it into effect, together with what it asks for a member, of which the
  /// entry holds the hash; with what the core answers to that.
  package func decide(
    _ entry: [UInt8], member request: MemberRequest? = nil
  ) async throws(Frame.Failure) -> (record: LogRecord, answer: AdministrationAnswer) {
    let decided = try await take(entry, member: request)
    if case .charterAdopted? = decided.record.decision?.outcome.effect { await proposeChartered() }
    return decided
  }

  private func take(
    _ entry: [UInt8], member request: MemberRequest?
  ) async throws(Frame.Failure) -> (record: LogRecord, answer: AdministrationAnswer) {
    await enter()
    defer { leave() }
    return try await append(entry, members: request?.administration) { (record) throws(Frame.Failure) in
      guard let (act, outcome) = record.decision else {
        throw Frame.Failure(.notPermitted, "this is not an administrator's decision")
      }
      try self.check(act, outcome)
      switch act {
      case .memberInvited, .memberRevoked, .dutyRoleChanged, .comCheckStarted:
        guard request?.act == act else {
          throw Frame.Failure(.malformed, "the decision is about another request than the one that came with it")
        }
      default:
        guard request == nil else {
          throw Frame.Failure(.malformed, "the decision is not about the request that came with it")
        }
      }
    }
  }

  /// What would become of a decision, for whoever wants to know before signing.
  package func outcome(of act: Act, by administrator: AdministratorKey) throws(Frame.Failure) -> Outcome {
    let outcome: Outcome
    do {
      outcome = try log.registry.outcome(
        of: act, at: log.nextPosition.sequence, by: administrator, at: clock())
    } catch { throw Frame.Failure(error) }
    try check(act, outcome)
    return outcome
  }

  /// What the node asks of a decision besides what the registry does.
  private func check(_ act: Act, _ outcome: Outcome) throws(Frame.Failure) {
    // A card that names another key would lock the node out of its own links; nor may it be proposed.
    for case .ownCardIssued(let card)? in [act, outcome.effect]
    where ![key, spare].contains(where: { $0 != nil && $0?.publicKey == (try? card.claim().nodeKeys.first) }) {
      throw Frame.Failure(.notPermitted, "the card names no key first that this node has")
    }
    for case .charterAdopted(let charter, let despite)? in [act, outcome.effect] {
      try checkForks(of: charter, despite: despite)
    }
    try checkHistory(outcome.subject)
  }

  /// While entries of the log are missing, nothing is decided but that, and what cannot wait.
  private func checkHistory(_ act: Act) throws(Frame.Failure) {
    switch act {
    case .historyLost(let head):
      guard lostHistory?.head == head else {
        throw Frame.Failure(.notPermitted, "no peer has shown this head of entries that are missing here")
      }
    case .peerSuspended, .peerRevoked: break
    default:
      if let lostHistory {
        throw Frame.Failure(
          .notPermitted,
          lostHistory.sentence + "; nothing is decided before an owner says so: liaisonctl trust restored")
      }
    }
  }

  /// Enters a known peer's next card, signed by the root key that is known, which it showed on its link. Nothing
  /// happens where it is no next card, nor while entries of the log are missing, as nothing may be built on what is left.
  package func received(_ card: Unverified<NodeCard>) async throws(Frame.Failure) {
    await enter()
    defer { leave() }
    guard lostHistory == nil, let claim = try? card.claim(), let peer = log.registry.peer(claim.handle),
      peer.card.content.rootKey == claim.rootKey, claim.serial > peer.card.content.serial
    else { return }
    let statement = CardReceived(
      position: log.nextPosition, receivedAt: clock(), nodeKey: key.publicKey, card: card)
    let (record, _) = try await append(
      LogEntry.cardReceived(Signed(statement, by: key).unverified).tlsEncoded, members: nil
    ) { _ in }
    audit?.append(
      AuditEvent(.cardTaken, who: "\(claim.handle)", what: "entry \(record.sequence): \(record.summary)"), at: clock())
  }

  /// Enters something of the node's own at the log's next place.
  func appendOwn(
    _ entry: (_ position: LogPosition, _ now: Timestamp) -> LogEntry
  ) async throws(Frame.Failure) -> LogRecord {
    await enter()
    defer { leave() }
    return try await append(entry(log.nextPosition, clock()).tlsEncoded, members: nil) { _ in }.0
  }

  /// Tells the core where a card has expired since it was told last, and writes down what waited for it.
  package func refresh() async {
    await proposeChartered()
    await enter()
    defer { leave() }
    do { try peerHeads.flush(at: clock()) } catch {
      logger.warning("peers' heads could not be kept", metadata: ["why": "\(error)"])
    }
    let now = PeerTable(log.registry, at: clock())
    guard now != table else { return }
    table = now
    await node.take(.registryChanged(now))
  }

  /// Signs a head over the audit log as it is now, has it made durable, and shows it to peers. Nothing happens where the
  /// last one that was made durable says it all.
  package func seal() async throws(Frame.Failure) {
    await enter()
    defer { leave() }
    guard let mark = audit?.flushedMark(), mark != head.content.audit || !isHeadStored else { return }
    let next = Signed(log.head(of: handle, audit: mark, at: clock()), by: key)
    if case .failed(let failure) = await node.administer(.saveTrustLogHead(next.bytes)) { throw failure }
    (head, isHeadStored) = (next, true)
    await node.trustLogGrew()
  }

  private func append(
    _ entry: [UInt8], members: AdministrationRequest?, checking check: (LogRecord) throws(Frame.Failure) -> Void
  ) async throws(Frame.Failure) -> (LogRecord, AdministrationAnswer) {
    let now = clock()
    let next: TrustLog.Addition
    do { next = try log.adding(entry, at: now) } catch { throw Frame.Failure(error) }
    let record = next.record
    try check(record)
    let identity = self.identity(after: next.registry)
    let mark = audit?.flushedMark() ?? .empty
    let nextHead = Signed(next.head(of: handle, audit: mark, at: now), by: identity?.key ?? key)
    let nextTable = PeerTable(next.registry, at: now)
    let answer = await node.administer(
      .decide(
        TrustLogEntry(sequence: record.sequence, bytes: entry), head: nextHead.bytes, nextTable, identity: identity,
        members: members))
    if case .failed(let failure) = answer { throw failure }
    let before = log.registry
    if let identity, identity.key.publicKey != key.publicKey { (key, spare) = (identity.key, nil) }
    log.take(next)
    (head, isHeadStored) = (nextHead, true)
    table = nextTable
    entries.append(entry)
    if let lost = lostHistory, let claim = try? lost.head.claim(), claim.signedAt <= registry.lostUntil {
      lostHistory = nil
    }
    noteCharter(since: before)
    await giveNotice(since: before)
    await node.trustLogGrew()
    return (record, answer)
  }

  private func enter() async {
    if isBusy {
      await withCheckedContinuation { waiting.append($0) }
    } else {
      isBusy = true
    }
  }

  /// Hands the turn to the next who waits.
  private func leave() {
    if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
  }
}

extension Frame.Failure {
  init(_ error: TrustError) {
    let reason: Reason =
      switch error.code {
      case .malformed, .notInForce: .malformed
      case .unknownPeer, .unknownAdministrator, .unknownProposal: .unknown
      case .notPermitted, .wrongState, .cardRefused: .notPermitted
      case .wrongPosition: .later
      case .limit: .limit
      }
    self.init(reason, error.sentence)
  }
}

extension MemberRequest {
  /// The same, for the core.
  fileprivate var administration: AdministrationRequest {
    switch change {
    case .invitation(let name, let discipline, let role, let expiresAt):
      .invite(
        address, profile: MemberProfile(name: name, discipline: discipline, role: role), expiresAt: expiresAt)
    case .revocation(let reason): .revoke(address, reason: reason)
    case .role(let duty): .defineRole(address, duty)
    case .roleRemoval(let reason): .removeRole(address, reason: reason)
    case .comCheck(let countries, let precedence, let within):
      .startComCheck(countries: countries, precedence, withinMilliseconds: within)
    }
  }
}

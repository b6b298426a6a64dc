internal import CommandKit
internal import FoundationEssentials
internal import LiaisonLink
package import LiaisonModel
package import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonTrust
package import Logging

/// Answers administrators' requests at a running node.
package struct AdminService: Sendable {
  private let keeper: TrustKeeper
  private let node: any AdministeredNode
  private let home: NodeHome
  private let software: String
  private let listening: String
  private let startedAt: Timestamp
  private let clock: @Sendable () -> Timestamp
  private let metrics: MetricsRegistry
  private let desk: BundleDesk
  private let logger: Logger

  /// Entries of the trust log in one answer, bytes.
  private static let logPageBytesMax = 4 << 20

  /// A service for a node that runs.
  package init(
    keeper: TrustKeeper, node: any AdministeredNode, home: NodeHome, chunks: ChunkStore? = nil, software: String,
    listening: Endpoint, metrics: MetricsRegistry = MetricsRegistry(), clock: @escaping @Sendable () -> Timestamp,
    logger: Logger
  ) {
    desk = BundleDesk(keeper: keeper, node: node, chunks: chunks, clock: clock)
    self.keeper = keeper
    self.node = node
    self.home = home
    self.software = software
    self.listening = listening.description
    startedAt = clock()
    self.metrics = metrics
    self.clock = clock
    self.logger = logger
  }

  /// The one answer to a request.
  package func answer(_ frame: AdminFrame) async -> AdminFrame {
    var answer = AdminFrame()
    do {
      answer.body = try await body(for: frame.body)
    } catch let failure as Frame.Failure {
      answer.failure = AdminFailure(failure)
    } catch let error as ModelError {
      answer.failure = AdminFailure(Frame.Failure(.malformed, error.sentence))
    } catch {
      logger.error("an administrator's request failed", metadata: ["error": "\(error)"])
      answer.failure = AdminFailure(Frame.Failure(.unspecified, "the node could not do this; its log says why"))
    }
    return answer
  }

  private func body(for request: AdminFrame.OneOf_Body?) async throws -> AdminFrame.OneOf_Body {
    switch request {
    case .statusRequest: return .status(try await status())
    case .cardRequest: return .card(Data(try await ownCard().bytes))
    case .positionRequest: return .position(await position())
    case .decide(let decide): return .decided(try await self.decide(decide))
    case .try(let request): return .decided(try await outcome(of: request))
    case .peersRequest: return .peers(try await peers())
    case .peerRequest(let handle): return .peers(try await peers(only: Handle(handle)))
    case .testRequest(let handle): return .test(try await test(Handle(handle)))
    case .membersRequest: return .members(try await members())
    case .memberRequest(let address): return .member(try await member(Address(address)))
    case .queuesRequest: return .queues(try await queues())
    case .queueRequest(let handle): return .queue(try await queue(Handle(handle)))
    case .logRequest(let request): return .log(await log(from: request.first))
    case .auditRequest(let request): return .audit(try await audit(request))
    case .metricsRequest: return .metrics(allMetrics)
    case .administratorsRequest: return .administrators(await administrators())
    case .nextCardRequest(let request): return .nextCard(try await nextCard(request))
    case .proposalsRequest: return .proposals(await proposals())
    case .bundleExportRequest(let request):
      return .bundleStarted(
        try await desk.export(for: Handle(request.peer), documents: request.documents, sizeMax: request.sizeMax))
    case .bundlePartRequest(let number): return .bundlePart(AdminBundlePart(try await desk.part(of: number)))
    case .bundleImportRequest(let request):
      guard let part = request.part else { throw Frame.Failure(.malformed, "a part of a bundle is missing") }
      return .bundleTaken(try await desk.take(part, of: request.number))
    case .chartersRequest: return .charters(await keeper.charterFrames())
    case .charterRequest(let request): return .charters(try await keeper.answer(request))
    case .charterDrop(let digest):
      guard let digest = CharterDigest(digest) else { throw Frame.Failure(.malformed, "this is no charter's digest") }
      try await keeper.drop(digest)
      return .done(AdminEmpty())
    case .directoryRequest: return .directory(AdminDirectory(try await directory()))
    case .rolesRequest: return .roles(try await roles())
    case .comChecksRequest(let number): return .comChecks(try await comChecks(number))
    case .policyRequest: return .policy(Data(await keeper.registry.policy.tlsEncoded))
    default:
      throw Frame.Failure(.malformed, "this node does not know the request; liaisonctl may be newer than liaisond")
    }
  }

  func ask(_ request: AdministrationRequest) async throws -> AdministrationAnswer {
    let answer = await node.administer(request)
    if case .failed(let failure) = answer { throw failure }
    return answer
  }

  var wrongAnswer: Frame.Failure { Frame.Failure(.unspecified, "the node gave an answer to something else") }
}

// MARK: The node and its trust

extension AdminService {
  private func ownCard() async throws -> Signed<NodeCard> {
    guard let card = await keeper.registry.ownCard else { throw Frame.Failure(.unknown, "this node has no card") }
    return card
  }

  private func nextCard(_ request: AdminNextCardRequest) async throws -> Data {
    let change = NodeKeyChange(rawValue: request.keys)
    guard request.keys.isEmpty || change != nil else { throw Frame.Failure(.malformed, "an unknown change of keys") }
    let endpoints = try request.endpoints.map { try Endpoint($0) }
    return Data(
      try await keeper.nextCard(
        endpoints: endpoints, lifetimeMilliseconds: request.lifetime, keys: change,
        serial: request.serial == 0 ? nil : request.serial
      ).bytes)
  }

  private func status() async throws -> AdminStatus {
    guard case .status(let node) = try await ask(.status) else { throw wrongAnswer }
    let position = await keeper.position
    var status = AdminStatus()
    status.card = Data(try await ownCard().bytes)
    status.software = software
    status.clock = clock().milliseconds
    status.startedAt = startedAt.milliseconds
    status.listening = listening
    status.peersLinked = UInt32(clamping: node.peersLinked)
    status.peersActive = UInt32(clamping: node.peersActive)
    status.devicesLinked = UInt32(clamping: node.devicesLinked)
    status.members = UInt64(clamping: node.counts.members)
    status.devices = UInt64(clamping: node.counts.devices)
    status.rooms = UInt64(clamping: node.counts.rooms)
    status.queued = UInt64(clamping: node.counts.queued)
    status.inboxItems = UInt64(clamping: node.counts.inboxItems)
    status.held = UInt64(clamping: node.counts.held)
    status.storeBytes = home.storeBytes
    status.logSize = position.sequence
    status.logRoot = Data(position.previousRoot.bytes)
    if let lost = await keeper.lostHistory {
      status.lostHead = Data(lost.head.tlsEncoded)
      status.lostHistory = lost.sentence
    }
    status.alarms = try await keeper.peerAlarms + keeper.charterAlarms + directory().alarms(at: clock())
    status.nextKey = Data(await keeper.spareKey?.bytes ?? [])
    status.proposals = UInt32(clamping: await keeper.registry.openProposals(at: clock()).count)
    return status
  }

  private func directory() async throws -> DirectoryStatus {
    guard case .directory(let status) = try await ask(.directory) else { throw wrongAnswer }
    return status
  }

  private func position() async -> AdminPosition {
    let position = await keeper.position
    var answer = AdminPosition()
    answer.sequence = position.sequence
    answer.previousRoot = Data(position.previousRoot.bytes)
    answer.handle = await keeper.registry.ownCard?.content.handle.description ?? ""
    return answer
  }

  private func decide(_ decide: AdminDecide) async throws -> AdminDecided {
    let record: LogRecord
    let done: AdministrationAnswer
    do {
      var request: MemberRequest?
      if !decide.memberRequest.isEmpty {
        request = try? MemberRequest(tlsEncoded: Array(decide.memberRequest))
        guard request != nil else { throw Frame.Failure(.malformed, "the request for a member is malformed") }
      }
      (record, done) = try await keeper.decide(Array(decide.entry), member: request)
    } catch let failure as Frame.Failure {
      // Where it is about a member, the sentence may name them, which a log does not.
      let why = decide.memberRequest.isEmpty ? escaped(failure.text) : "\(failure.reason)"
      logger.warning("a decision was refused", metadata: ["why": "\(why)"])
      await keeper.auditRefusal(of: Array(decide.entry), because: why)
      throw failure
    }
    keeper.auditTaken(record)
    var signer = "the node"
    if case .administrator(let administrator) = record.author { signer = administrator.name }
    logger.notice(
      record.decision?.outcome.effect == nil ? "a decision was recorded" : "a decision took effect",
      metadata: [
        "entry": "\(record.sequence)", "administrator": "\(escaped(signer))", "what": "\(escaped(record.summary))",
      ])
    var answer = AdminDecided()
    answer.sequence = record.sequence
    switch done {
    case .invitation(let invitation):
      answer.invitation.text = invitation.text
      answer.invitation.expiresAt = invitation.expiresAt.milliseconds
    case .comCheckStarted(let number): answer.comCheck = number
    default: break
    }
    if let outcome = record.decision?.outcome { answer.note(outcome, in: await keeper.registry) }
    return answer
  }

  private func outcome(of request: AdminTry) async throws -> AdminDecided {
    guard let act = try? Act(tlsEncoded: Array(request.act)) else {
      throw Frame.Failure(.malformed, "the act is malformed")
    }
    let outcome = try await keeper.outcome(
      of: act, by: AdministratorKey(bytes: Array(request.administrator)))
    var answer = AdminDecided()
    answer.sequence = await keeper.position.sequence
    answer.note(outcome, in: await keeper.registry)
    return answer
  }

  private func proposals() async -> AdminProposals {
    let registry = await keeper.registry
    var answer = AdminProposals()
    answer.proposals = registry.openProposals(at: clock()).map { AdminProposal($0, in: registry) }
    return answer
  }

  private func administrators() async -> AdminAdministrators {
    var answer = AdminAdministrators()
    answer.administrators = await keeper.registry.administrators.values
      .sorted { $0.name < $1.name }
      .map { administrator in
        var entry = AdminAdministrator()
        entry.key = Data(administrator.key.bytes)
        entry.name = administrator.name
        entry.roles = administrator.roles.sorted().map(\.name)
        return entry
      }
    return answer
  }

  private func peers(only handle: Handle? = nil) async throws -> AdminPeers {
    let registry = await keeper.registry
    let alarms = await keeper.cardAlarms
    guard case .queues(let queues) = try await ask(.queues) else { throw wrongAnswer }
    let queueByPeer = Dictionary(queues.map { ($0.peer, $0) }, uniquingKeysWith: { $1 })
    var answer = AdminPeers()
    answer.peers = registry.peers.values.filter { handle == nil || $0.handle == handle }
      .sorted { $0.handle < $1.handle }.map { peer in
        var entry = AdminPeer()
        entry.card = Data(peer.card.bytes)
        entry.state = peer.state.rawValue
        entry.changedAt = peer.changedAt.milliseconds
        entry.reason = peer.reason ?? ""
        entry.alarm = alarms[peer.handle] ?? ""
        entry.charter = registry.charterNote(on: peer.card.content)?.text ?? ""
        entry.notices = registry.notices(about: peer.handle).map { AdminNotice($0) }
        entry.policy = Data(peer.policy.tlsEncoded)
        entry.linked = queueByPeer[peer.handle]?.isLinked ?? false
        entry.queued = UInt64(clamping: queueByPeer[peer.handle]?.record.count ?? 0)
        return entry
      }
    if let handle, answer.peers.isEmpty {
      throw Frame.Failure(.unknown, "there is no peer \(handle) in the registry")
    }
    return answer
  }

  private func test(_ handle: Handle) async throws -> AdminTest {
    guard let peer = await keeper.registry.peer(handle) else {
      throw Frame.Failure(.unknown, "there is no peer \(handle) in the registry")
    }
    var test = PeerTest()
    test.check(peer, at: clock())
    if test.passes {
      let hello = Frame.Hello(clock: clock(), software: software, nodeCard: try await ownCard().unverified)
      await test.dial(peer, as: LinkIdentity(await keeper.key), hello: hello, now: clock)
    }
    if test.passes, case .queues(let queues) = try await ask(.queues) {
      let isLinked = queues.first { $0.peer == handle }?.isLinked ?? false
      test.add(.link, isLinked, isLinked ? "the link for messages stands" : "the link for messages does not stand yet")
    }
    var answer = AdminTest()
    answer.steps = test.steps
    return answer
  }

  private func audit(_ request: AdminAuditRequest) async throws -> AdminAudit {
    guard let audit = keeper.audit else { throw Frame.Failure(.unknown, "this node keeps no audit log") }
    if request.seal { try await keeper.seal() }
    let (lines, next) = try audit.page(from: request.first, bytesMax: Self.logPageBytesMax)
    var answer = AdminAudit()
    answer.lines = lines.map { Data($0) }
    answer.next = next
    answer.head = Data(await keeper.page(from: 0, bytesMax: 0).head.bytes)
    return answer
  }

  private func log(from first: UInt64) async -> AdminLog {
    let page = await keeper.page(from: Int(clamping: first), bytesMax: Self.logPageBytesMax)
    var log = AdminLog()
    log.entries = page.entries.map { Data($0) }
    log.size = page.head.content.size
    log.head = Data(page.head.bytes)
    return log
  }
}

// MARK: Members

extension AdminService {
  private func members() async throws -> AdminMembers {
    guard case .members(let members) = try await ask(.members) else { throw wrongAnswer }
    var answer = AdminMembers()
    answer.members = members.map { AdminMember($0) }
    return answer
  }

  private func member(_ address: Address) async throws -> AdminMember {
    guard case .member(let member, let devices) = try await ask(.member(address)) else { throw wrongAnswer }
    var answer = AdminMember(member)
    answer.devices = devices.map { status in
      var entry = AdminDevice()
      entry.identifier = status.device.identifier.description
      entry.enrolledAt = status.device.enrolledAt.milliseconds
      entry.signatureKey = status.device.signatureKey.description
      entry.waiting = UInt64(clamping: status.waiting)
      entry.linked = status.isLinked
      return entry
    }
    return answer
  }
}

// MARK: Queues

extension AdminService {
  private func queues() async throws -> AdminQueues {
    guard case .queues(let queues) = try await ask(.queues) else { throw wrongAnswer }
    guard case .inboxes(let inboxes) = try await ask(.inboxes) else { throw wrongAnswer }
    var answer = AdminQueues()
    answer.queues = queues.map { AdminQueue($0, at: clock()) }
    answer.inboxes = inboxes.map { AdminInbox($0) }
    return answer
  }

  private var allMetrics: AdminMetrics {
    var answer = AdminMetrics()
    answer.metrics = metrics.all.map { AdminMetric($0) }
    return answer
  }

  private func queue(_ handle: Handle) async throws -> AdminQueueDetail {
    guard case .queue(let status, let oldest) = try await ask(.queue(handle)) else { throw wrongAnswer }
    var answer = AdminQueueDetail()
    answer.queue = AdminQueue(status, at: clock())
    answer.oldest = oldest.map { envelope in
      var entry = AdminQueueDetail.Entry()
      entry.message = envelope.message.description
      entry.precedence = envelope.precedence.description
      entry.bytes = UInt64(clamping: envelope.bytes)
      entry.queuedAt = envelope.queuedAt.milliseconds
      return entry
    }
    return answer
  }
}

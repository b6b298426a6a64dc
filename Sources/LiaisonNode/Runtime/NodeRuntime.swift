package import CoreMetrics
package import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
package import Logging
package import NIOCore
internal import Sodium

/// A node that runs: the core, on a thread of its own, between its links, its clock and its disk.
///
/// Every input enters through one queue. The core takes all that waits as one transaction, and only then are its outputs
/// performed. Each link is read by a task of its own, which waits for what it brought to be on disk before it reads on.
package actor NodeRuntime<Store: NodeStore & SendableMetatype> {
  /// A standing link to a peer, for administrators.
  package struct PeerLink: Sendable {
    package let address: String
    package let isDialledHere: Bool
    package let since: Timestamp
    package let software: String
    /// The peer's clock less ours, when the link came to stand.
    package let clockDifferenceMilliseconds: Int64
  }

  /// Frames of one link that are taken together.
  private static var framesAtOnceMax: Int { 256 }
  /// How long what only frees a queue waits for something to go with.
  private static var laterMilliseconds: Int64 { 20 }
  /// Rest after a batch that the store refused, and the least between two ticks.
  private static var storeRestMilliseconds: Int64 { 1000 }
  private static var tickMillisecondsMin: Int64 { 10 }
  private static var tickMillisecondsMax: Int64 { 60_000 }

  package nonisolated let handle: Handle
  private let thread: any EventLoop
  private nonisolated let executor: any SerialExecutor
  private var identity: LinkIdentity
  private var listener: LinkListener?
  private let software: String
  private let chunks: ChunkStore
  private let timing: LinkTiming
  private let logger: Logger
  private nonisolated let clock: @Sendable () -> Timestamp
  private nonisolated let inputs = InputQueue()

  private var core: NodeCore<Store>
  private var metrics: NodeMetrics
  private var random = SystemRandomNumberGenerator()
  private var lastLink: UInt64 = 0
  private var lastAdministration: UInt64 = 0
  private(set) var links: [LinkID: Link] = [:]
  private(set) var linksOfPeers: [LinkID: (peer: Handle, status: PeerLink)] = [:]
  private var bulkLinks: [LinkID: Link] = [:]
  private var bulk: BulkService?
  private var answers: [AdministrationID: CheckedContinuation<AdministrationAnswer, Never>] = [:]
  private var dialErrors: [Handle: LinkError] = [:]
  private var linkRefused: @Sendable (RefusedLink) async -> Void = { _ in }
  private(set) var witness: (any TrustLogWitness)?
  private var timer: Scheduled<Void>?
  private var isOver = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A node at rest. `thread` must serve nobody else: the core waits for the disk on it. `software` is told to the other
  /// side of each link.
  package init(
    core: sending NodeCore<Store>, chunks: ChunkStore, software: String, thread: any EventLoop, logger: Logger,
    timing: LinkTiming = LinkTiming(), metrics: any MetricsFactory = MetricsSystem.factory,
    clock: @escaping @Sendable () -> Timestamp = Timestamp.now
  ) {
    handle = core.identity.handle
    identity = LinkIdentity(core.identity.key)
    self.core = core
    self.metrics = NodeMetrics(metrics)
    self.chunks = chunks
    self.software = software
    self.thread = thread
    executor = thread.executor
    self.logger = logger
    self.timing = timing
    self.clock = clock
  }

  /// Runs until the task is cancelled; then closes the port and every link, and returns. What was acknowledged is on
  /// disk by then. `witness` gets each card that a peer shows, and what it says of trust; `linkRefused` each link that was
  /// refused.
  package func run(
    on listener: LinkListener, witness: (any TrustLogWitness)? = nil,
    linkRefused: @escaping @Sendable (RefusedLink) async -> Void = { _ in }
  ) async {
    self.listener = listener
    self.linkRefused = linkRefused
    self.witness = witness
    let bulk = BulkService(handle: handle, chunks: chunks, authority: self)
    self.bulk = bulk
    inputs.put([.tick])
    let inputs = inputs
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await bulk.run() }
        group.addTask {
          await listener.run(
            authorise: { kind, key in await self.decide(kind, key) }, refused: linkRefused,
            serve: { link in await self.serve(link) })
        }
        while let waiting = await inputs.next() {
          for peer in process(waiting) { group.addTask { await self.dial(peer) } }
        }
        group.cancelAll()
      }
    } onCancel: {
      inputs.end()
    }
    isOver = true
    timer?.cancel()
    for continuation in answers.values {
      continuation.resume(returning: .failed(.unavailable("the node is ending")))
    }
    answers = [:]
  }

  // MARK: For administrators

  /// Has the core do what an administrator asks, and gives the answer once it is on disk.
  package func administer(_ request: AdministrationRequest) async -> AdministrationAnswer {
    guard !isOver else { return .failed(.unavailable("the node is ending")) }
    lastAdministration += 1
    let identifier = AdministrationID(lastAdministration)
    return await withCheckedContinuation { continuation in
      answers[identifier] = continuation
      inputs.put([.administration(identifier, request)])
    }
  }

  /// Tells the core that something changed, and returns once it has taken it.
  package nonisolated func take(_ input: Input) async { await inputs.process([input]) }

  /// The standing links to peers.
  package var peerLinks: [Handle: PeerLink] {
    Dictionary(linksOfPeers.values.map { ($0.peer, $0.status) }, uniquingKeysWith: { $1 })
  }

  /// How many links to peers stand; more than one to a peer only until the core has chosen between them.
  package var peerLinkCount: Int { linksOfPeers.count }

  /// Why the last attempt to reach a peer failed, where the last one did.
  package func dialError(of peer: Handle) -> LinkError? { dialErrors[peer] }

  // MARK: The core

  /// Takes a batch, performs what came of it, and returns the peers that are to be dialled.
  private func process(_ waiting: InputQueue.Waiting) -> [Handle] {
    let began = ContinuousClock.now
    let cardBefore = core.identity.card
    let outputs = core.process(waiting.inputs, now: clock(), random: &random)
    metrics.batch(of: waiting.inputs.count, nanoseconds: began.duration(to: .now).nanoseconds)
    var toDial: [Handle] = []
    var toSend: [LinkID: [Frame]] = [:]
    var toWatch: [LinkID] = []
    var storeFailed = false
    for output in outputs {
      switch output {
      case .send(let link, let frame): toSend[link, default: []].append(frame)
      case .close(let identifier, let failure):
        guard let link = links.removeValue(forKey: identifier) else { break }
        linksOfPeers[identifier] = nil
        link.post(toSend.removeValue(forKey: identifier) ?? [])
        link.close(saying: failure)
      case .watch(let link): toWatch.append(link)
      case .dial(let peer): toDial.append(peer)
      case .answer(let identifier, let answer): answers.removeValue(forKey: identifier)?.resume(returning: answer)
      case .event(let event): log(event)
      case .tally(let tally): metrics.take(tally)
      case .storeFailed(let error):
        storeFailed = true
        metrics.storeFailed()
        logger.error("the store took nothing", metadata: ["reason": "\(error.sentence)"])
      }
    }
    for (identifier, frames) in toSend { links[identifier]?.post(frames) }
    for identifier in toWatch {
      links[identifier]?.whenDrained { [inputs] in inputs.put([.linkDrained(identifier)]) }
    }
    if core.identity.card != cardBefore { showNextCard() }
    for done in waiting.done { done.resume() }
    if waiting.inputs.contains(where: \.changesTrust) { closeLinksOfStrangers() }
    scheduleTick(afterFailure: storeFailed)
    return toDial
  }

  /// What bundles for this node are to be sealed to is told while there is a link: later there may be none.
  private func tellBundleKey(on link: Link) {
    let key = core.identity.key
    link.post([Frame(.bundleKey(BundleSecret(of: key).statement(of: handle, at: clock(), by: key).unverified))])
  }

  private func scheduleTick(afterFailure: Bool) {
    timer?.cancel()
    let now = clock().milliseconds
    let due = Int64(clamping: core.wakeAt.milliseconds) - Int64(clamping: now)
    let least = afterFailure ? Self.storeRestMilliseconds : Self.tickMillisecondsMin
    let inputs = inputs
    // A minute at most, because the clock that `wakeAt` goes by may be set meanwhile.
    timer = thread.scheduleTask(in: .milliseconds(min(max(due, least), Self.tickMillisecondsMax))) {
      inputs.put([.tick])
    }
  }

  private func log(_ event: NodeEvent) {
    let level: Logger.Level =
      switch event.severity {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    logger.log(level: level, "\(event.text)", metadata: event.peer.map { ["peer": "\($0)"] } ?? [:])
  }

  // MARK: Links

  /// Whose key it is, where its owner may have a link of this kind.
  private func owner(of key: [UInt8], for kind: LinkKind) -> LinkOwner? {
    switch kind {
    case .peer: return peer(of: key).map { .peer($0) }
    case .device: return device(of: key).map { .device($0) }
    case .bulk: return peer(of: key).map { .peer($0) } ?? device(of: key).map { .device($0) }
    case .enrol: return (try? DeviceLinkKey(bytes: key)).map { .enrolment($0) }
    }
  }

  private func peer(of key: [UInt8]) -> Handle? {
    core.peers.active.first { peer in
      core.peers.takesLinks(of: peer) && core.peers[peer]?.card.content.nodeKeys.contains { $0.bytes == key } ?? false
    }
  }

  private func device(of key: [UInt8]) -> DeviceIdentifier? {
    guard let key = try? DeviceLinkKey(bytes: key) else { return nil }
    do { return try core.device(linkKey: key)?.identifier } catch {
      logger.error("the store cannot be read", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  private func decide(_ kind: LinkKind, _ key: [UInt8]) -> LinkHandshake.Decision {
    guard let owner = owner(of: key, for: kind) else { return .refused(.notPermitted("not accepted")) }
    if case .peer = owner { return .accepted(hello(showingCard: true)) }
    return .accepted(hello(showingCard: false))
  }

  private func hello(showingCard: Bool) -> Frame.Hello {
    Frame.Hello(
      clock: clock(), software: software, nodeCard: showingCard ? core.identity.card.unverified : nil)
  }

  private func nextLink() -> LinkID {
    lastLink += 1
    return LinkID(lastLink)
  }

  /// Serves a link of any kind until it ends.
  private func serve(_ link: Link) async {
    // The registry may have changed since the key was accepted.
    guard let owner = owner(of: link.remoteKey, for: link.kind) else {
      return link.close(saying: .notPermitted("not accepted"))
    }
    let identifier = nextLink()
    if link.kind == .bulk { return await serveBulk(link, identifier, owner) }
    let peer: LinkPeer
    switch owner {
    case .peer(let handle):
      peer = .peer(
        handle, dialledHere: link.isDialled, clockDifferenceMilliseconds: link.clockDifferenceMilliseconds)
      dialErrors[handle] = nil
      linksOfPeers[identifier] = (
        handle,
        PeerLink(
          address: link.remoteAddress, isDialledHere: link.isDialled, since: clock(),
          software: link.remoteHello.software, clockDifferenceMilliseconds: link.clockDifferenceMilliseconds)
      )
    case .device(let device): peer = .device(device, inboxPosition: link.remoteHello.inboxPosition)
    case .enrolment(let key): peer = .enrolment(key)
    }
    links[identifier] = link
    if case .peer(let peer) = owner { await tellNotices(to: peer, on: link) }
    await inputs.process([.linkOpened(identifier, peer)])
    if case .peer(let peer) = owner {
      if let card = link.remoteHello.nodeCard { await witness?.shown(card, by: peer) }
      await tellHeads(to: peer, on: link)
      await tellCharters(to: peer, on: link)
      tellBundleKey(on: link)
    }
    while var frames = await link.frames.next(atMost: Self.framesAtOnceMax) {
      if case .peer(let peer) = owner { frames = await takingTrust(of: frames, from: peer, on: link) }
      if frames.isEmpty { continue }
      if takeLater(frames, of: identifier, owner) { continue }
      await inputs.process(frames.map { .frame(identifier, $0) })
      // A device that does not take its answers is not asked for more. Two nodes could wait for each other so.
      if case .device = owner, await !link.drained() { break }
    }
    linksOfPeers[identifier] = nil
    // Where the core closed it, it knows.
    guard links.removeValue(forKey: identifier) != nil else { return }
    let reason = link.end?.sentence ?? "the link ended"
    logger.debug("\(identifier) ended", metadata: ["reason": "\(reason)"])
    await inputs.process([.linkClosed(identifier, because: reason)])
  }

  /// What only frees a queue goes with the next batch, or after a moment, and its flush is shared: a device's
  /// acknowledgements, of which the last says it all, and a peer's receipts. Gives whether these frames are such.
  private func takeLater(_ frames: [Frame], of link: LinkID, _ owner: LinkOwner) -> Bool {
    let areAcknowledgements: Bool
    switch owner {
    case .device where frames.allSatisfy(\.body.isAcknowledgement): areAcknowledgements = true
    case .peer where frames.allSatisfy(\.body.isReceipts): areAcknowledgements = false
    default: return false
    }
    switch inputs.putLater(frames.map { .frame(link, $0) }, of: link, replacing: areAcknowledgements) {
    case .full: return false
    case .waiting: break
    case .first:
      let inputs = inputs
      thread.scheduleTask(in: .milliseconds(Self.laterMilliseconds)) { inputs.takeLater() }
    }
    return true
  }

  /// Dials an active peer and serves the link that comes of it.
  private func dial(_ peer: Handle) async {
    do throws(LinkError) {
      let link = try await dial(peer, .peer)
      await serve(link)
      link.close()
    } catch {
      if dialErrors.updateValue(error, forKey: peer) != error {
        logger.info("a peer is not reached", metadata: ["peer": "\(peer)", "reason": "\(error.sentence)"])
        if case .wrongKey(let key) = error {
          let endpoints = core.peers[peer]?.card.content.endpoints.map(\.description) ?? []
          await linkRefused(
            RefusedLink(
              kind: .peer, key: key, address: endpoints.joined(separator: " or "),
              reason: "this node dialled \(peer), and what answers there proved another key"))
        }
      }
      await inputs.process([.dialFailed(peer, because: error.sentence)])
    }
  }

  /// The first of the peer's endpoints that answers.
  private func dial(_ peer: Handle, _ kind: LinkKind) async throws(LinkError) -> Link {
    guard core.peers.takesLinks(of: peer), let card = core.peers[peer]?.card.content else { throw .cancelled }
    var first: LinkError?
    for endpoint in card.endpoints {
      do throws(LinkError) {
        return try await LinkDialer.dial(
          endpoint, as: identity, kind, expecting: Set(card.nodeKeys), hello: hello(showingCard: true),
          timing: timing, now: clock)
      } catch {
        if error == .cancelled { throw error }
        first = first ?? error
      }
    }
    throw first ?? .unreachable("its card names no address")
  }

  // MARK: Bulk links

  private func serveBulk(_ link: Link, _ identifier: LinkID, _ owner: LinkOwner) async {
    let remote: BulkRemote
    switch owner {
    case .peer(let peer): remote = .peer(peer)
    case .device(let device): remote = .device(device)
    case .enrolment: return
    }
    do throws(Frame.Failure) {
      try Quota.bulkLinksPerKey.check(bulkLinks.values.count { $0.remoteKey == link.remoteKey })
    } catch { return link.close(saying: error) }
    bulkLinks[identifier] = link
    await bulk?.serve(link, for: remote)
    bulkLinks[identifier] = nil
  }

  /// Proves the key that the node's new card names first from now on, and tells linked peers of the card.
  private func showNextCard() {
    let key = core.identity.key
    if key.publicKey.bytes != identity.publicKey {
      identity = LinkIdentity(key)
      listener?.use(identity)
    }
    for link in linksOfPeers.keys.compactMap({ links[$0] }) {
      link.post([Frame(.nextCard(core.identity.card.unverified))])
      tellBundleKey(on: link)
    }
  }

  /// Who is not trusted any more loses the links that the core does not know of, and so does a peer those that it made
  /// with a key which its card does not name any more.
  private func closeLinksOfStrangers() {
    for identifier in linksOfPeers.keys {
      guard let link = links[identifier], owner(of: link.remoteKey, for: .peer) == nil else { continue }
      link.close(saying: .notPermitted("not accepted"))
    }
    for link in bulkLinks.values where owner(of: link.remoteKey, for: .bulk) == nil {
      link.close(saying: .notPermitted("not accepted"))
    }
  }
}

/// Whose key a link proves.
private enum LinkOwner {
  case peer(Handle)
  case device(DeviceIdentifier)
  case enrolment(DeviceLinkKey)
}

extension NodeRuntime: BulkAuthority {
  package func isMember(_ device: DeviceIdentifier, of room: RoomIdentifier) throws -> Bool {
    try core.isMember(device, of: room)
  }

  package func isParticipant(_ handle: Handle, in room: RoomIdentifier) throws -> Bool {
    guard handle == self.handle || core.peers.isActive(handle) else { return false }
    return try core.isParticipant(handle, in: room)
  }

  package func permitDocuments(with handle: Handle) throws(Frame.Failure) {
    try core.peers.permit(.documents, with: handle, at: clock())
  }

  package func dialBulk(_ handle: Handle) async throws(Frame.Failure) -> Link {
    let link: Link
    do { link = try await dial(handle, .bulk) } catch {
      throw .unavailable("the node that the document comes from cannot be reached now")
    }
    guard owner(of: link.remoteKey, for: .bulk) != nil else {
      link.close()
      throw .unavailable("the node that the document comes from is not an active peer")
    }
    // Links that ended meanwhile are let go, and this one is found should its node lose its trust.
    for (identifier, link) in bulkLinks where link.end != nil { bulkLinks[identifier] = nil }
    bulkLinks[nextLink()] = link
    return link
  }
}

extension Duration {
  /// Whole nanoseconds, as many as an Int64 holds.
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : nanoseconds + attoseconds / 1_000_000_000
  }
}

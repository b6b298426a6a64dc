internal import LiaisonModel
internal import LiaisonProtocol
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// The last handler of a connection's pipeline, behind TLS: it turns bytes into frames, drives the handshake and the
/// keep-alive, and holds back reading while nobody takes what came. It lives on the connection's event loop.
final class LinkHandler: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What the other side has proved once TLS stands.
  struct Secured: Sendable {
    let kind: LinkKind
    let key: [UInt8]
    let remoteAddress: String
  }

  private let isDialler: Bool
  private let kinds: Set<LinkKind>
  private let timing: LinkTiming
  /// Succeeds when TLS stands; only the acceptor's side waits for it.
  private let securedPromise: EventLoopPromise<Secured>?
  /// Until it is kept: it holds the link, and the link holds this.
  private var establishedPromise: EventLoopPromise<Link>?
  private let now: @Sendable () -> Timestamp

  private var handshake: LinkHandshake
  private var keepAlive: KeepAlive
  private var decoder = FrameDecoder()
  private var queue: FrameQueue?
  private var budget: Budget?
  private var ending: LinkEnding?
  private var secured: Secured?
  /// The key that the other side of a dialled connection proved, where it was none of those expected.
  private var wrongKey: [UInt8]?
  private var context: ChannelHandlerContext?
  private var isPaused = false
  private var holdsRead = false
  private var isDraining = false
  private var end: LinkError?
  private var deadline: Scheduled<Void>?
  private var keepAliveTimer: Scheduled<Void>?
  /// When the system last took something of what was sent, and what the budget said then.
  private var movedAt: UInt64 = 0
  private var lastReturns: UInt64 = 0

  init(
    role: LinkHandshake.Role, kinds: Set<LinkKind>, timing: LinkTiming,
    secured: EventLoopPromise<Secured>?, established: EventLoopPromise<Link>, now: @escaping @Sendable () -> Timestamp
  ) {
    isDialler = if case .dialler = role { true } else { false }
    self.kinds = kinds
    self.timing = timing
    self.securedPromise = secured
    self.establishedPromise = established
    self.now = now
    handshake = LinkHandshake(role)
    keepAlive = KeepAlive(at: 0, timing: timing)
  }

  private var monotonicMilliseconds: UInt64 { NIODeadline.now().uptimeNanoseconds / 1_000_000 }

  // MARK: From the pipeline

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    deadline = schedule(afterMilliseconds: timing.handshakeMilliseconds) { $0.finish(.timeout) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelInactive(context: ChannelHandlerContext) {
    over(end ?? (wrongKey.map { .wrongKey(found: $0) } ?? .closed))
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
      tlsCompleted(context: context, negotiated: negotiated)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDraining, end == nil else { return }
    keepAlive.heard(at: monotonicMilliseconds)
    decoder.append(unwrapInboundIn(data))
    takeFrames()
  }

  func read(context: ChannelHandlerContext) {
    if isPaused { holdsRead = true } else { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let wrongKey {
      finish(.wrongKey(found: wrongKey))
    } else if secured == nil, case .handshakeFailed(let reason)? = error as? NIOSSLError {
      finish(.notALink(LinkError.describe(reason)))
    } else {
      finish(.closed)
    }
  }

  // MARK: From the link and from the listener

  /// The node's answer to ``LinkHandshake/Action/decide``.
  func decided(_ decision: LinkHandshake.Decision) { perform(handshake.decided(decision), bytes: 0) }

  /// Takes note of a key that was not expected, before TLS refuses it.
  func noteWrongKey(_ key: [UInt8]) { wrongKey = key }

  func resumeReading() {
    isPaused = false
    takeFrames()
    guard !isPaused, holdsRead, let context else { return }
    holdsRead = false
    context.read()
  }

  /// Says `failure`, where there is one, and ends the connection for the reason `error`.
  func finish(_ error: LinkError, saying failure: Frame.Failure? = nil) {
    guard end == nil, let context else { return }
    end = error
    deadline?.cancel()
    keepAliveTimer?.cancel()
    guard let failure, secured != nil else { return context.close(promise: nil) }
    // What the other side has sent meanwhile is read and dropped until it closes: a connection that is closed over
    // unread bytes is reset, and the reset can overtake the last word.
    isDraining = true
    over(error)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(frames: [Frame(.failure(failure))])), promise: nil)
    resumeReading()
    deadline = schedule(afterMilliseconds: timing.lingerMilliseconds) { $0.context?.close(promise: nil) }
  }

  // MARK: Within

  private func tlsCompleted(context: ChannelHandlerContext, negotiated: String?) {
    guard let kind = negotiated.flatMap(LinkKind.init(rawValue:)), kinds.contains(kind),
      let key = (try? context.pipeline.syncOperations.nioSSL_peerCertificate())??.ed25519Key
    else { return finish(.notALink("no kind of link was agreed upon")) }
    let secured = Secured(
      kind: kind, key: key, remoteAddress: context.channel.remoteAddress.map(LinkError.describe) ?? "unknown")
    self.secured = secured
    securedPromise?.succeed(secured)
    perform(handshake.secured(), bytes: 0)
  }

  private func takeFrames() {
    do throws(LinkError) {
      while !isPaused, end == nil, handshake.takesFrames, let body = try decoder.next() {
        let frame: Frame
        do { frame = try Frame(body: body) } catch { throw .malformed(error.text) }
        perform(handshake.received(frame, at: now()), bytes: body.readableBytes)
      }
      // What comes while the node decides waits here, and is bounded like the first frame that it should be.
      if !handshake.takesFrames, decoder.buffered > Limits.frameBytesBeforeHelloMax {
        throw .malformed("more came before Hello than a Hello needs")
      }
    } catch { finish(error) }
  }

  private func perform(_ action: LinkHandshake.Action, bytes: Int) {
    guard let context, end == nil else { return }
    switch action {
    case .none, .decide: break
    case .send(let frame):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(frames: [frame])), promise: nil)
      // The other side's Hello may have come before ours was allowed to go.
      if case .hello = frame.body { takeFrames() }
    case .established(let agreement): established(agreement, context: context)
    case .deliver(let frame):
      if queue?.push(frame, bytes: bytes) == true { isPaused = true }
    case .end(let error, let failure): finish(error, saying: failure)
    }
  }

  private func established(_ agreement: LinkHandshake.Agreement, context: ChannelHandlerContext) {
    guard let secured else { return }
    deadline?.cancel()
    if secured.kind == .enrol {
      deadline = schedule(afterMilliseconds: timing.enrolMilliseconds) { $0.finish(.timeout) }
    } else {
      decoder.bytesMax = Limits.frameBytesMax
    }
    decoder.reusesMemory = secured.kind == .bulk
    // Where nothing is urgent, the system may take as much as it likes. Where it does not know the option, it does.
    if secured.kind != .bulk {
      context.channel.setOption(.tcpOption(.unsentLowWater), value: .init(Link.unsentBytesMax)).whenFailure { _ in }
    }
    keepAlive.heard(at: monotonicMilliseconds)
    movedAt = monotonicMilliseconds
    stepKeepAlive()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let queue = FrameQueue { bound.eventLoop.execute { bound.value.resumeReading() } }
    let link = Link(
      secured: secured, agreement: agreement, isDialled: isDialler, channel: context.channel, frames: queue,
      finish: { error, failure in bound.eventLoop.execute { bound.value.finish(error, saying: failure) } })
    self.queue = queue
    budget = link.budget
    ending = link.ending
    establishedPromise?.succeed(link)
    establishedPromise = nil
  }

  private func stepKeepAlive() {
    guard end == nil, let context else { return }
    guard !isStuck() else { return finish(.overflow) }
    // While reading is held back on this side, silence says nothing about the other.
    if isPaused { keepAlive.heard(at: monotonicMilliseconds) }
    let next: UInt64
    switch keepAlive.step(at: monotonicMilliseconds) {
    case .giveUp: return finish(.silent)
    case .wait(let until): next = until
    case .ping(let lookAgainAt):
      next = lookAgainAt
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(frames: [Frame(.ping)])), promise: nil)
    }
    let wait = next - min(next, monotonicMilliseconds)
    keepAliveTimer = schedule(afterMilliseconds: wait + 1) { $0.stepKeepAlive() }
  }

  /// Whether the other side has taken nothing at all of what waits for it, for as long as silence is borne.
  private func isStuck() -> Bool {
    guard let (used, returns) = budget?.progress else { return false }
    if used == 0 || returns != lastReturns {
      lastReturns = returns
      movedAt = monotonicMilliseconds
    }
    return monotonicMilliseconds - movedAt >= timing.silenceMilliseconds
  }

  /// Tells everybody who waits that nothing more comes; the first reason stays.
  private func over(_ error: LinkError) {
    end = end ?? error
    deadline?.cancel()
    keepAliveTimer?.cancel()
    securedPromise?.fail(error)
    establishedPromise?.fail(error)
    establishedPromise = nil
    ending?.set(error)
    queue?.end()
    budget?.end()
    // The queue holds this, and whoever reads from it does so to its end.
    queue = nil
  }

  private func schedule(
    afterMilliseconds wait: UInt64, _ body: @escaping @Sendable (LinkHandler) -> Void
  ) -> Scheduled<Void>? {
    guard let loop = context?.eventLoop else { return nil }
    let bound = NIOLoopBound(self, eventLoop: loop)
    return loop.scheduleTask(in: .milliseconds(Int64(clamping: wait))) { body(bound.value) }
  }
}

extension LinkError {
  /// What went wrong in TLS, in the library's words for the reason alone.
  static func describe(_ reason: BoringSSLError) -> String {
    switch reason {
    case .sslError(let stack): stack.first.map { "\($0)" } ?? "the TLS handshake failed"
    default: "the TLS handshake failed"
    }
  }

  /// `HOST:PORT`, with the brackets of IPv6.
  static func describe(_ address: SocketAddress) -> String {
    guard let host = address.ipAddress, let port = address.port else { return "local" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

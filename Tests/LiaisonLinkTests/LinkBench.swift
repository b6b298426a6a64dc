import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Two nodes' keys and Hellos, and a listener on a port of the system's choice.
struct LinkBench: Sendable {
  let key = SigningKey<NodePurpose>()
  let other = SigningKey<NodePurpose>()
  var timing = LinkTiming()

  var identity: LinkIdentity { LinkIdentity(key) }
  var otherIdentity: LinkIdentity { LinkIdentity(other) }

  static func hello(_ name: String, versions: ClosedRange<UInt32> = ProtocolVersion.supported) -> Frame.Hello {
    Frame.Hello(versions: versions, clock: .now(), software: name)
  }

  /// Why a link does not come to be; `nil` where it does.
  func dialError(
    _ endpoint: Endpoint, as identity: LinkIdentity? = nil, _ kind: LinkKind = .peer,
    expecting keys: Set<NodeKey>? = nil,
    versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) async -> LinkError? {
    do {
      _ = try await dial(endpoint, as: identity, kind, expecting: keys, versions: versions)
      return nil
    } catch { return error }
  }

  func room() -> RoomIdentifier {
    var generator = SystemRandomNumberGenerator()
    return RoomIdentifier(using: &generator)
  }

  static let echo: @Sendable (Link) async -> Void = { link in
    for await frame in link.frames { guard (try? await link.send(frame)) != nil else { return } }
  }

  /// Runs `body` while a listener serves links with `serve`; only `other`'s key is accepted.
  func withListener<Value: Sendable>(
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    serverVersions: ClosedRange<UInt32> = ProtocolVersion.supported,
    serve: @escaping @Sendable (Link) async -> Void = echo,
    _ body: @Sendable (Endpoint) async throws -> Value
  ) async throws -> Value {
    let listener = try await LinkListener.listen(
      on: try Endpoint(host: "127.0.0.1", port: 0), as: identity, timing: timing, logger: logger)
    let accepted = other.publicKey.bytes
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await listener.run { _, key in
          key == accepted
            ? .accepted(Self.hello("listener", versions: serverVersions))
            : .refused(Frame.Failure(.notPermitted, "not accepted"))
        } serve: {
          await serve($0)
        }
      }
      defer { group.cancelAll() }
      return try await body(listener.endpoint)
    }
  }

  func dial(
    _ endpoint: Endpoint, as identity: LinkIdentity? = nil, _ kind: LinkKind = .peer,
    expecting keys: Set<NodeKey>? = nil,
    versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) async throws(LinkError) -> Link {
    try await LinkDialer.dial(
      endpoint, as: identity ?? otherIdentity, kind, expecting: keys ?? [key.publicKey],
      hello: Self.hello("dialler", versions: versions), timing: timing)
  }
}

/// A client that speaks TLS, or not even that, and then says whatever a test wants.
final class RawClient: Sendable {
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let secured: EventLoopPromise<Void>
    let received: EventLoopPromise<[UInt8]>
    var bytes: [UInt8] = []
    let isPlain: Bool

    init(secured: EventLoopPromise<Void>, received: EventLoopPromise<[UInt8]>, isPlain: Bool) {
      self.secured = secured
      self.received = received
      self.isPlain = isPlain
    }

    func channelActive(context: ChannelHandlerContext) { if isPlain { secured.succeed() } }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if "\(event)".contains("handshakeCompleted") { secured.succeed() }
    }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes += Array(unwrapInboundIn(data).readableBytesView)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      secured.fail(error)
      context.close(promise: nil)
    }
    func channelInactive(context: ChannelHandlerContext) {
      secured.fail(ChannelError.eof)
      received.succeed(bytes)
    }
  }

  private let channel: any Channel
  private let received: EventLoopFuture<[UInt8]>

  /// Throws where the TLS handshake fails on this side.
  init(_ endpoint: Endpoint, tls configuration: TLSConfiguration?) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let secured = loop.makePromise(of: Void.self)
    let received = loop.makePromise(of: [UInt8].self)
    self.received = received.futureResult
    let context = try configuration.map { try NIOSSLContext(configuration: $0) }
    channel = try await ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: context, serverHostname: nil) { $1.succeed(.certificateVerified) })
          }
          try channel.pipeline.syncOperations.addHandler(
            Collector(secured: secured, received: received, isPlain: context == nil))
        }
      }
      .connect(host: endpoint.host, port: Int(endpoint.port)).get()
    try await secured.futureResult.get()
  }

  /// Writes without waiting: the other side may well have closed.
  func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

  func close() { channel.close(promise: nil) }

  /// Everything that came until the other side closed.
  func untilClosed() async throws -> [UInt8] { try await received.get() }

  /// The frames that came until the other side closed.
  func framesUntilClosed() async throws -> [Frame] {
    var decoder = FrameDecoder(bytesMax: Limits.frameBytesMax)
    decoder.append(ByteBuffer(bytes: try await untilClosed()))
    var frames: [Frame] = []
    while let body = try decoder.next() { frames.append(try Frame(body: body)) }
    return frames
  }
}

/// Keeps log lines for a test to look at.
final class LogLines: Sendable {
  private let lines = Mutex<[(message: String, metadata: Logger.Metadata)]>([])

  var all: [(message: String, metadata: Logger.Metadata)] { lines.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append(("\(event.message)", event.metadata ?? [:])) }
    }
  }
}

/// Counts across tasks.
final class Count: Sendable {
  private let state = Mutex((value: 0, highest: 0))

  var value: Int { state.withLock { $0.value } }
  var highest: Int { state.withLock { $0.highest } }

  @discardableResult
  func add(_ number: Int = 1) -> Int {
    state.withLock { state in
      state.value += number
      state.highest = max(state.highest, state.value)
      return state.value
    }
  }
}

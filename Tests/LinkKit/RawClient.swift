import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
import NIOCore
import NIOPosix
package import NIOSSL

/// A client that speaks TLS, or not even that, and then says whatever a test wants.
package final class RawClient: Sendable {
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let secured: EventLoopPromise<Void>
    let received: EventLoopPromise<[UInt8]>
    var bytes: [UInt8] = []
    let isPlain: Bool
    let isReading: Bool

    init(
      secured: EventLoopPromise<Void>, received: EventLoopPromise<[UInt8]>, isPlain: Bool, isReading: Bool
    ) {
      self.secured = secured
      self.received = received
      self.isPlain = isPlain
      self.isReading = isReading
    }

    func channelActive(context: ChannelHandlerContext) { if isPlain { secured.succeed() } }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      guard "\(event)".contains("handshakeCompleted") else { return }
      if !isReading { context.channel.setOption(.autoRead, value: false).whenComplete { _ in } }
      secured.succeed()
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

  /// With `reading` false it takes nothing any more once TLS stands. Throws where the TLS handshake fails on this side.
  package init(_ endpoint: Endpoint, tls configuration: TLSConfiguration?, reading: Bool = true) async throws {
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
            Collector(secured: secured, received: received, isPlain: context == nil, isReading: reading))
        }
      }
      .connect(host: endpoint.host, port: Int(endpoint.port)).get()
    try await secured.futureResult.get()
  }

  /// Whether this side knows of no end of the connection.
  package var isOpen: Bool { channel.isActive }

  /// Writes, and waits until the system has taken it or the connection is over.
  package func writeAndWait(_ bytes: [UInt8]) async {
    // What was not taken, the test sees by the end of the connection.
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// Writes without waiting: the other side may well have closed.
  package func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

  package func close() { channel.close(promise: nil) }

  /// Everything that came until the other side closed.
  package func untilClosed() async throws -> [UInt8] { try await received.get() }

  /// The frames that came until the other side closed.
  package func framesUntilClosed() async throws -> [Frame] {
    var decoder = FrameDecoder(bytesMax: Limits.frameBytesMax)
    decoder.append(ByteBuffer(bytes: try await untilClosed()))
    var frames: [Frame] = []
    while let body = try decoder.next() { frames.append(try Frame(body: body)) }
    return frames
  }
}

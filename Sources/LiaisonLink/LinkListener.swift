package import LiaisonModel
internal import LiaisonProtocol
package import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// A link that somebody wanted and did not get.
package struct RefusedLink: Sendable, Equatable {
  package let kind: LinkKind
  /// The Ed25519 key that the other side proved, 32 bytes.
  package let key: [UInt8]
  /// The other side's network address, for people.
  package let address: String
  /// One sentence for a person.
  package let reason: String

  /// A refusal, as given.
  package init(kind: LinkKind, key: [UInt8], address: String, reason: String) {
    self.kind = kind
    self.key = key
    self.address = address
    self.reason = reason
  }
}

/// One TCP port for every kind of link.
package final class LinkListener: Sendable {
  /// Decides over a key (32 bytes) that wants a link of a kind.
  package typealias Authorise = @Sendable (_ kind: LinkKind, _ key: [UInt8]) async -> LinkHandshake.Decision

  /// A connection whose TLS stands, and what it needs to go on.
  private struct Pending: Sendable {
    let secured: LinkHandler.Secured
    let established: EventLoopFuture<Link>
    let decide: @Sendable (LinkHandshake.Decision) -> Void
    let close: @Sendable () -> Void
  }

  /// Where it listens: with port 0 asked for, the port that the system chose.
  package let endpoint: Endpoint
  private let channel: any Channel
  private let security: Security
  private let pending: AsyncStream<Pending>
  private let logger: Logger
  private let strangers: Mutex<LogLimiter>

  private init(
    endpoint: Endpoint, channel: any Channel, security: Security, pending: AsyncStream<Pending>, logger: Logger
  ) {
    self.endpoint = endpoint
    self.channel = channel
    self.security = security
    self.pending = pending
    self.logger = logger
    strangers = Mutex(LogLimiter(at: Self.monotonicMilliseconds))
  }

  private static var monotonicMilliseconds: UInt64 { NIODeadline.now().uptimeNanoseconds / 1_000_000 }

  /// Opens the port. Connections are taken from now on, and served once ``run(authorise:serve:)`` runs.
  package static func listen(
    on endpoint: Endpoint, as identity: LinkIdentity, for kinds: [LinkKind] = LinkKind.allCases,
    timing: LinkTiming = LinkTiming(), logger: Logger, now: @escaping @Sendable () -> Timestamp = Timestamp.now
  ) async throws(LinkError) -> LinkListener {
    let security = Security(identity, kinds)
    let (stream, continuation) = AsyncStream.makeStream(of: Pending.self)
    let handshakes = HandshakeCount()
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard handshakes.enter() else { throw LinkError.closedHere }
          let secured = channel.eventLoop.makePromise(of: LinkHandler.Secured.self)
          let established = channel.eventLoop.makePromise(of: Link.self)
          established.futureResult.whenComplete { _ in handshakes.leave() }
          let handler = LinkHandler(
            role: .acceptor, kinds: Set(kinds), timing: timing, secured: secured, established: established, now: now)
          let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
          secured.futureResult.whenSuccess { secured in
            continuation.yield(
              Pending(
                secured: secured, established: established.futureResult,
                decide: { decision in bound.eventLoop.execute { bound.value.decided(decision) } },
                close: { channel.close(promise: nil) }))
          }
          // Any Ed25519 key may come as far as the decision; BoringSSL has checked that the other side holds it.
          let tls = NIOSSLServerHandler(context: security.context) { certificates, promise in
            promise.succeed(certificates.first?.ed25519Key == nil ? .failed : .certificateVerified)
          }
          try channel.pipeline.syncOperations.addHandlers([tls, handler])
        }
      }
    let channel: any Channel
    do {
      channel = try await bootstrap.bind(host: endpoint.host, port: Int(endpoint.port)).get()
    } catch let error as IOError {
      throw .cannotListen(LinkError.words(of: error))
    } catch {
      throw .cannotListen("\(endpoint.host) is not an address of this machine")
    }
    channel.closeFuture.whenComplete { _ in continuation.finish() }
    let port = channel.localAddress?.port.flatMap(UInt16.init(exactly:)) ?? endpoint.port
    return LinkListener(
      endpoint: (try? Endpoint(host: endpoint.host, port: port)) ?? endpoint, channel: channel, security: security,
      pending: stream, logger: logger)
  }

  /// Proves another key from the next connection on; links that stand are left alone.
  package func use(_ identity: LinkIdentity) { security.use(identity) }

  /// Serves links, each in a task of its own, until the task is cancelled; then closes the port and every link. The port
  /// is closed when it returns. `refused` is told of each link that `authorise` refuses.
  package func run(
    authorise: @escaping Authorise, refused: @escaping @Sendable (RefusedLink) async -> Void = { _ in },
    serve: @escaping @Sendable (Link) async -> Void
  ) async {
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        for await connection in pending {
          group.addTask {
            guard let link = await self.establish(connection, authorise, refused) else { return }
            await serve(link)
            link.close()
          }
        }
        group.cancelAll()
      }
    } onCancel: {
      channel.close(promise: nil)
    }
    // Cancellation ends the stream of connections before the event loop has closed the port.
    try? await channel.closeFuture.get()
  }

  private func establish(
    _ connection: Pending, _ authorise: Authorise, _ refused: @Sendable (RefusedLink) async -> Void
  ) async -> Link? {
    let decision = await authorise(connection.secured.kind, connection.secured.key)
    connection.decide(decision)
    if case .refused(let failure) = decision {
      let secured = connection.secured
      logStranger(secured)
      await refused(
        RefusedLink(kind: secured.kind, key: secured.key, address: secured.remoteAddress, reason: failure.text))
    }
    return await withTaskCancellationHandler {
      try? await connection.established.get()
    } onCancel: {
      connection.close()
    }
  }

  private func logStranger(_ stranger: LinkHandler.Secured) {
    guard let suppressed = strangers.withLock({ $0.admit(at: Self.monotonicMilliseconds) }) else { return }
    logger.notice(
      "a link was refused",
      metadata: [
        "kind": "\(stranger.kind.rawValue)", "key": "\(Hex.encode(stranger.key.prefix(8)))",
        "address": "\(stranger.remoteAddress)", "notLogged": "\(suppressed)",
      ])
  }
}

/// What new connections are secured with.
private final class Security: Sendable {
  private let kinds: [LinkKind]
  private let current: Mutex<NIOSSLContext>

  init(_ identity: LinkIdentity, _ kinds: [LinkKind]) {
    self.kinds = kinds
    current = Mutex(identity.context(for: kinds, isServer: true))
  }

  var context: NIOSSLContext { current.withLock { $0 } }

  func use(_ identity: LinkIdentity) {
    let context = identity.context(for: kinds, isServer: true)
    current.withLock { $0 = context }
  }
}

/// Connections whose handshake is under way.
private final class HandshakeCount: Sendable {
  private let count = Mutex(0)

  /// `false` where there are too many.
  func enter() -> Bool {
    count.withLock { count in
      guard count < Limits.handshakesMax else { return false }
      count += 1
      return true
    }
  }

  func leave() { count.withLock { $0 -= 1 } }
}

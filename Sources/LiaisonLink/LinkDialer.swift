package import LiaisonModel
package import LiaisonProtocol
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Makes links to others.
package enum LinkDialer {
  /// Connects to `endpoint`, checks that it proves one of `keys` (32 bytes each), and exchanges Hellos.
  package static func dial(
    _ endpoint: Endpoint, as identity: LinkIdentity, _ kind: LinkKind, expecting keys: Set<NodeKey>,
    hello: Frame.Hello, timing: LinkTiming = LinkTiming(), now: @escaping @Sendable () -> Timestamp = Timestamp.now
  ) async throws(LinkError) -> Link {
    let context = identity.context(for: [kind], isServer: false)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let established = loop.makePromise(of: Link.self)
    let expected = Set(keys.map(\.bytes))
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(.milliseconds(Int64(clamping: timing.handshakeMilliseconds)))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = LinkHandler(
            role: .dialler(hello), kinds: [kind], timing: timing, secured: nil, established: established, now: now)
          let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
          let tls = try NIOSSLClientHandler(context: context, serverHostname: nil) { certificates, promise in
            guard let key = certificates.first?.ed25519Key else { return promise.succeed(.failed) }
            if expected.contains(key) { return promise.succeed(.certificateVerified) }
            bound.value.noteWrongKey(key)
            promise.succeed(.failed)
          }
          try channel.pipeline.syncOperations.addHandlers([tls, handler])
        }
      }
    let channel: any Channel
    do {
      channel = try await connect(bootstrap, to: endpoint)
    } catch {
      established.fail(error)
      throw LinkError(connecting: error, host: endpoint.host)
    }
    do {
      return try await withTaskCancellationHandler {
        try await established.futureResult.get()
      } onCancel: {
        channel.close(promise: nil)
      }
    } catch {
      throw Task.isCancelled ? .cancelled : error as? LinkError ?? .closed
    }
  }

  private static func connect(_ bootstrap: ClientBootstrap, to endpoint: Endpoint) async throws -> any Channel {
    let port = Int(endpoint.port)
    // An address is not asked of the resolver.
    if let address = try? SocketAddress(ipAddress: endpoint.host, port: port) {
      return try await bootstrap.connect(to: address).get()
    }
    return try await bootstrap.connect(host: endpoint.host, port: port).get()
  }
}

extension LinkError {
  init(connecting error: any Error, host: String) {
    switch error {
    case let error as LinkError: self = error
    case let error as IOError where error.errnoCode == ECONNREFUSED: self = .connectionRefused
    case let error as IOError where error.errnoCode == ETIMEDOUT: self = .timeout
    case let error as IOError: self = .unreachable(LinkError.words(of: error))
    case ChannelError.connectTimeout: self = .timeout
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first {
        self.init(connecting: first.error, host: host)
      } else {
        self = .cannotResolve(host: host)
      }
    default: self = .closed
    }
  }

  /// The system's words for an error.
  static func words(of error: IOError) -> String { String(cString: strerror(error.errnoCode)) }
}

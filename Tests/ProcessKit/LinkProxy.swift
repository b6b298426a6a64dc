internal import NIOCore
internal import NIOPosix

/// A bad network: a TCP forwarder on loopback before a node, which does to what passes through it what a test says. It
/// tells the kinds of links apart by the ALPN name in the ClientHello (RFC 8446 §4.1.2), which is in clear.
public final class LinkProxy: Sendable {
  /// The kinds of links, by their ALPN names.
  public enum Kind: String, CaseIterable, Sendable {
    case peer = "liaison-peer/1"
    case bulk = "liaison-bulk/1"
    case device = "liaison-device/1"
    case enrol = "liaison-enrol/1"
  }

  /// What happens to connections for as long as it is set.
  public struct Disturbance: Sendable {
    /// Milliseconds by which everything comes later.
    public var delayMilliseconds: Int64
    /// Bytes a second in each direction of each connection; `nil` where there is no limit.
    public var bytesPerSecond: Int?
    /// Connections are accepted and stay, and nothing passes in either direction before this ends.
    public var isStalled: Bool
    /// New connections are reset once they have said what they are.
    public var refuses: Bool

    public init(
      delayMilliseconds: Int64 = 0, bytesPerSecond: Int? = nil, isStalled: Bool = false, refuses: Bool = false
    ) {
      self.delayMilliseconds = delayMilliseconds
      self.bytesPerSecond = bytesPerSecond
      self.isStalled = isStalled
      self.refuses = refuses
    }
  }

  /// How connections that stand are broken.
  public enum Cut: CaseIterable, Sendable {
    /// Both sides see an orderly end of the connection.
    case close
    /// Both sides see a reset.
    case reset
    /// The dialler sees the end of what comes; what it sends still passes.
    case halfClose
    /// The dialler sees a reset, and the other side nothing: half-open, RFC 9293 §3.5.1.
    case halfOpen
  }

  /// Where it listens, on the loopback address.
  public let port: UInt16
  private let server: any Channel
  private let connections: NIOLoopBound<ProxiedConnections>

  /// Forwards to `target` on the loopback address, at first as if it were not there.
  public init(to target: UInt16) throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let connections = try loop.submit { NIOLoopBound(ProxiedConnections(target: target), eventLoop: loop) }.wait()
    server = try ServerBootstrap(group: loop)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try connections.value.accepted(channel) }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    self.connections = connections
    port = UInt16(server.localAddress?.port ?? 0)
  }

  /// Disturbs the links of those kinds from now on, those that stand and those to come, or no longer with nil.
  public func set(_ disturbance: Disturbance?, on kinds: [Kind] = Kind.allCases) throws {
    try onLoop { connections in connections.set(disturbance ?? Disturbance(), on: kinds) }
  }

  /// Breaks every link of those kinds that stands.
  public func cut(_ cut: Cut, _ kinds: [Kind] = Kind.allCases) throws {
    try onLoop { connections in connections.cut(cut, kinds) }
  }

  /// When links of that kind were dialled, in seconds of a clock that nobody sets.
  public func dials(_ kind: Kind) throws -> [Double] { try onLoop { $0.dials[kind] ?? [] } }

  /// Bytes that passed on links of that kind, both ways: TLS, and what it carries.
  public func bytes(_ kind: Kind) throws -> Int { try onLoop { $0.bytes[kind] ?? 0 } }

  private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (ProxiedConnections) -> Value) throws -> Value {
    let connections = connections
    return try connections.eventLoop.submit { body(connections.value) }.wait()
  }

  deinit {
    server.close(promise: nil)
    let connections = connections
    connections.eventLoop.execute { connections.value.cut(.close, LinkProxy.Kind.allCases) }
  }
}

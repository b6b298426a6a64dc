internal import NIOCore
internal import NIOPosix

/// What a ``LinkProxy`` forwards. It lives on one event loop.
final class ProxiedConnections {
  let target: UInt16
  private(set) var dials: [LinkProxy.Kind: [Double]] = [:]
  private(set) var bytes: [LinkProxy.Kind: Int] = [:]
  private var disturbances: [LinkProxy.Kind: LinkProxy.Disturbance] = [:]
  private var all: [ObjectIdentifier: ProxiedConnection] = [:]

  init(target: UInt16) { self.target = target }

  func accepted(_ channel: any Channel) throws {
    let connection = ProxiedConnection(channel, of: self)
    try channel.pipeline.syncOperations.addHandler(Tap(connection, .near))
    all[ObjectIdentifier(connection)] = connection
  }

  func dialled(_ kind: LinkProxy.Kind) { dials[kind, default: []].append(monotonicSeconds()) }

  func passed(_ count: Int, on kind: LinkProxy.Kind) { bytes[kind, default: 0] += count }

  func ended(_ connection: ProxiedConnection) { all[ObjectIdentifier(connection)] = nil }

  func disturbance(of kind: LinkProxy.Kind) -> LinkProxy.Disturbance {
    disturbances[kind] ?? LinkProxy.Disturbance()
  }

  func set(_ disturbance: LinkProxy.Disturbance, on kinds: [LinkProxy.Kind]) {
    for kind in kinds { disturbances[kind] = disturbance }
    for connection in all.values { connection.pass() }
  }

  func cut(_ cut: LinkProxy.Cut, _ kinds: [LinkProxy.Kind]) {
    for connection in all.values where connection.kind.map({ kinds.contains($0) }) ?? true { connection.cut(cut) }
  }
}

/// Two connections, from the dialler and to the node, and what is under way between them.
final class ProxiedConnection {
  enum Side { case near, far }

  /// What came from one side and has not been taken by the other.
  private final class Way {
    var waiting: CircularBuffer<(bytes: ByteBuffer, due: NIODeadline)> = []
    /// Bytes that wait here or in the hands of the system.
    var bytes = 0
    /// Until when the bytes before these take up the line.
    var busyUntil = NIODeadline.uptimeNanoseconds(0)
    var isEnded = false
    var isHeldBack = false
  }

  /// Bytes that wait at which no more is read.
  private static let bytesMax = 256 << 10
  /// Bytes in which a connection says what it is.
  private static let openingBytesMax = 16 << 10

  private(set) var kind: LinkProxy.Kind?
  private let near: any Channel
  private var far: (any Channel)?
  private let connections: ProxiedConnections
  private var opening: [UInt8] = []
  private let fromNear = Way()
  private let fromFar = Way()
  private var isHalfOpen = false

  init(_ near: any Channel, of connections: ProxiedConnections) {
    self.near = near
    self.connections = connections
  }

  // MARK: From the connections

  func received(_ bytes: ByteBuffer, from side: Side) {
    if kind == nil, side == .near {
      opening += bytes.readableBytesView
      kind = LinkProxy.Kind.allCases.first { kind in opening.contains(kind.rawValue.utf8) }
      if let kind { begin(kind) } else if opening.count > Self.openingBytesMax { cut(.reset) }
    }
    let disturbance = kind.map { connections.disturbance(of: $0) }
    let way = way(from: side)
    let nanoseconds = disturbance?.bytesPerSecond.map { Int64(bytes.readableBytes) * 1_000_000_000 / Int64($0) }
    way.busyUntil = max(.now(), way.busyUntil) + .nanoseconds(nanoseconds ?? 0)
    way.waiting.append((bytes, way.busyUntil + .milliseconds(disturbance?.delayMilliseconds ?? 0)))
    way.bytes += bytes.readableBytes
    pass(from: side)
  }

  /// One side sends nothing more, or, with `isGone`, takes nothing more either.
  func ended(_ side: Side, isGone: Bool) {
    way(from: side).isEnded = true
    if isGone, !isHalfOpen || side == .far { way(from: side == .near ? .far : .near).isEnded = true }
    if isGone, side == .far || far == nil { connections.ended(self) }
    pass()
  }

  // MARK: From the test

  func cut(_ cut: LinkProxy.Cut) {
    switch cut {
    case .close: for channel in [near, far] { channel?.close(promise: nil) }
    case .reset: for channel in [near, far] { channel.map(Self.reset) }
    case .halfClose: near.close(mode: .output, promise: nil)
    case .halfOpen:
      isHalfOpen = true
      Self.reset(near)
    }
  }

  /// Passes on what is due, both ways.
  func pass() {
    pass(from: .near)
    pass(from: .far)
  }

  // MARK: Within

  private func begin(_ kind: LinkProxy.Kind) {
    connections.dialled(kind)
    guard !connections.disturbance(of: kind).refuses else { return cut(.reset) }
    let bound = NIOLoopBound(self, eventLoop: near.eventLoop)
    ClientBootstrap(group: near.eventLoop)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Tap(bound.value, .far))
          bound.value.far = channel
        }
      }
      .connect(host: "127.0.0.1", port: Int(connections.target))
      .whenComplete { result in
        switch result {
        case .success: bound.value.pass()
        // Nobody listens there: whoever dialled sees the same as without this between.
        case .failure: bound.value.cut(.reset)
        }
      }
  }

  private func way(from side: Side) -> Way { side == .near ? fromNear : fromFar }

  private func pass(from side: Side) {
    guard let kind, let source = side == .near ? near : far, let target = side == .near ? far : near else { return }
    // A half-open connection takes what comes and tells nobody.
    guard !isHalfOpen, target.isActive, !connections.disturbance(of: kind).isStalled else { return }
    let way = way(from: side)
    let bound = NIOLoopBound(self, eventLoop: near.eventLoop)
    while let first = way.waiting.first, first.due <= .now() {
      way.waiting.removeFirst()
      let count = first.bytes.readableBytes
      connections.passed(count, on: kind)
      target.writeAndFlush(first.bytes).whenComplete { _ in
        let way = bound.value.way(from: side)
        way.bytes -= count
        if way.bytes == 0 || way.isHeldBack { bound.eventLoop.execute { bound.value.pass(from: side) } }
      }
    }
    if let first = way.waiting.first {
      near.eventLoop.scheduleTask(deadline: first.due) { bound.value.pass(from: side) }
    } else if way.isEnded, way.bytes == 0 {
      // An end that was told on both sides is the end of the connection.
      target.close(mode: fromNear.isEnded && fromFar.isEnded ? .all : .output, promise: nil)
    }
    let holdsBack = way.bytes > Self.bytesMax
    if holdsBack != way.isHeldBack {
      way.isHeldBack = holdsBack
      source.setOption(.autoRead, value: !holdsBack).whenComplete { _ in }
    }
  }

  private static func reset(_ channel: any Channel) {
    (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
      channel.close(promise: nil)
    }
  }
}

/// Hears one side of a connection.
private final class Tap: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let connection: ProxiedConnection
  private let side: ProxiedConnection.Side

  init(_ connection: ProxiedConnection, _ side: ProxiedConnection.Side) {
    self.connection = connection
    self.side = side
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    connection.received(unwrapInboundIn(data), from: side)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { connection.ended(side, isGone: false) }
  }

  func channelInactive(context: ChannelHandlerContext) { connection.ended(side, isGone: true) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension Array where Element == UInt8 {
  /// Whether `part` is in it.
  fileprivate func contains(_ part: some Collection<UInt8>) -> Bool {
    count >= part.count && indices.dropLast(part.count - 1).contains { self[$0...].starts(with: part) }
  }
}

import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import LinkKit
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestKit
import Testing

@Suite("A link", .serialized, .timeLimit(.minutes(5)))
struct LinkTests {
  let bench = LinkBench()

  @Test("carries ten thousand frames there and back, in order")
  func order() async throws {
    try await bench.withListener { endpoint in
      let link = try await bench.dial(endpoint)
      #expect(link.remoteKey == bench.key.publicKey.bytes)
      #expect(link.remoteHello.software == "listener")
      #expect(link.isDialled)
      #expect(abs(link.clockDifferenceMilliseconds) < 5000)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for number in 1...10_000 { try await link.send(Frame(.inboxAcknowledge(sequence: UInt64(number)))) }
        }
        var next: UInt64 = 1
        for await frame in link.frames {
          #expect(frame == Frame(.inboxAcknowledge(sequence: next)))
          next += 1
          if next > 10_000 { break }
        }
        #expect(next == 10_001)
        try await group.waitForAll()
      }
      link.close()
      #expect(await link.closed() == .closedHere)
    }
  }

  /// Links that nobody is to hold any more.
  private struct Released {
    private struct Reference { weak var link: Link? }
    private var references: [Reference] = []
    var isEmpty: Bool { references.allSatisfy { $0.link == nil } }
    var count: Int { references.count }
    mutating func add(_ link: Link) { references.append(Reference(link: link)) }
  }

  @Test("is gone, on both sides, once it has ended and nobody holds it", arguments: [LinkKind.device, .peer, .bulk])
  func released(kind: LinkKind) async throws {
    let links = Mutex(Released())
    let serve: @Sendable (Link) async -> Void = { link in
      links.withLock { $0.add(link) }
      for await _ in link.frames {}
    }
    try await bench.withListener(serve: serve) { endpoint in
      do {
        let link = try await bench.dial(endpoint, kind)
        links.withLock { $0.add(link) }
        try await link.send(Frame(.ping))
        link.close()
        _ = await link.closed()
      }
      for _ in 0..<1000 where !links.withLock({ $0.count == 2 && $0.isEmpty }) {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(links.withLock { $0.count } == 2)
      #expect(links.withLock { $0.isEmpty })
    }
  }

  @Test("carries a frame of nearly the largest size")
  func largeFrame() async throws {
    try await bench.withListener { endpoint in
      let link = try await bench.dial(endpoint, .bulk)
      let frame = Frame(request: 7, .chunk(ciphertext: [UInt8](repeating: 0xA5, count: Limits.frameBytesMax - 64)))
      try await link.send(frame)
      var frames = link.frames.makeAsyncIterator()
      let echoed = await frames.next()
      #expect(echoed == frame)
      link.close()
    }
  }

  @Test("is refused by the dialler where the listener proves another key")
  func wrongKey() async throws {
    let served = Count()
    let count: @Sendable (Link) async -> Void = { _ in served.add() }
    try await bench.withListener(serve: count) { endpoint in
      #expect(
        await bench.dialError(endpoint, expecting: [bench.other.publicKey])
          == LinkError.wrongKey(found: bench.key.publicKey.bytes))
    }
    #expect(served.value == 0)
  }

  @Test("is refused to a stranger with one opaque reason and a log line")
  func stranger() async throws {
    let lines = LogLines()
    let stranger = SigningKey<NodePurpose>()
    try await bench.withListener(logger: lines.logger) { endpoint in
      for kind in LinkKind.allCases {
        #expect(
          await bench.dialError(endpoint, as: LinkIdentity(stranger), kind)
            == LinkError.refused(Frame.Failure(.notPermitted, "not accepted")))
      }
      let link = try await bench.dial(endpoint)
      #expect(link.end == nil)
    }
    #expect(lines.all.count == LinkKind.allCases.count)
    #expect(lines.all.allSatisfy { $0.metadata["key"] == "\(Hex.encode(stranger.publicKey.bytes.prefix(8)))" })
    #expect(lines.all.allSatisfy { "\($0.metadata["address"] ?? "")".hasPrefix("127.0.0.1:") })
  }

  @Test("logs strangers, but not without end")
  func strangerFlood() async throws {
    let lines = LogLines()
    try await bench.withListener(logger: lines.logger) { endpoint in
      for _ in 0..<15 { _ = try? await bench.dial(endpoint, as: LinkIdentity(SigningKey<DeviceLinkPurpose>())) }
    }
    // One more for each ten seconds that the dials took.
    #expect((10..<15).contains(lines.all.count))
  }

  @Test("tells a refused connection, an unknown host, and silence apart")
  func dialErrors() async throws {
    let port = try ReservedPort()
    let free = try Endpoint(host: "127.0.0.1", port: port.number)
    #expect(await bench.dialError(free) == LinkError.connectionRefused)
    withExtendedLifetime(port) {}
    let nowhere = try Endpoint(host: "nowhere.invalid", port: 1)
    #expect(await bench.dialError(nowhere) == LinkError.cannotResolve(host: "nowhere.invalid"))
    var impatient = bench
    impatient.timing.handshakeMilliseconds = 1000
    let quiet = try await ServerThatSaysNothing()
    #expect(await impatient.dialError(quiet.endpoint) == LinkError.timeout)
    try await quiet.close()
  }

  @Test("agrees on the highest common version, or says that there is none")
  func versions() async throws {
    try await bench.withListener(serverVersions: 2...5) { endpoint in
      let link = try await bench.dial(endpoint, versions: 1...3)
      #expect(link.version == 3)
      #expect(await bench.dialError(endpoint, versions: 6...7) == LinkError.version(ours: 6...7, theirs: 2...5))
    }
  }

  @Test("suspends its sender while the reader is behind, and holds little meanwhile")
  func backpressure() async throws {
    let gate = AsyncStream.makeStream(of: Void.self)
    let received = Count()
    let slow: @Sendable (Link) async -> Void = { link in
      for await _ in gate.stream { break }
      for await _ in link.frames {
        if received.add() == 200 { break }
      }
    }
    try await bench.withListener(serve: slow) { endpoint in
      let link = try await bench.dial(endpoint, .bulk)
      let sent = Count()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let frame = Frame(.chunk(ciphertext: [UInt8](repeating: 1, count: 1 << 20)))
          for _ in 0..<200 {
            try await link.send(frame)
            sent.add()
          }
        }
        var before = -1
        while before != sent.value {
          before = sent.value
          try await Task.sleep(for: .milliseconds(300))
        }
        // 200 MiB wait to be sent; what got away is in the systems' socket buffers and the two bounded queues.
        #expect(before < 40)
        #expect(link.bytesUnderway <= 2 << 20)
        gate.continuation.yield()
        try await group.waitForAll()
      }
      #expect(sent.value == 200)
      _ = await link.closed()
    }
    #expect(received.value == 200)
  }

  @Test("that is posted to without end is given up")
  func overflow() async throws {
    let forever: @Sendable (Link) async -> Void = { _ in try? await Task.sleep(for: .seconds(3600)) }
    try await bench.withListener(serve: forever) { endpoint in
      let link = try await bench.dial(endpoint, .bulk)
      let frame = Frame(.chunk(ciphertext: [UInt8](repeating: 1, count: 4 << 20)))
      for _ in 0..<40 where link.end == nil { link.post([frame]) }
      #expect(await link.closed() == .overflow)
    }
  }

  @Test("stays while only keep-alive passes, and is given up when the other side falls silent")
  func keepAlive() async throws {
    var bench = bench
    bench.timing.keepAliveMilliseconds = 100
    bench.timing.silenceMilliseconds = 2000
    let serve: @Sendable (Link) async -> Void = { link in _ = await link.closed() }
    try await bench.withListener(serve: serve) { [bench] endpoint in
      let link = try await bench.dial(endpoint)
      try await Task.sleep(for: .seconds(5))
      #expect(link.end == nil)
      link.close()

      // A client that says Hello and then nothing, not even Pong.
      let mute = try await RawClient(
        endpoint, tls: bench.otherIdentity.tlsConfiguration(for: [.peer], isServer: false))
      mute.write(Array(ByteBuffer(frames: [Frame(.hello(LinkBench.hello("mute")))]).readableBytesView))
      let frames = try await mute.framesUntilClosed()
      #expect(frames.contains(Frame(.ping)))
    }
  }

  @Test("says a last word to the other side")
  func lastWord() async throws {
    let failure = Frame.Failure(.notPermitted, "suspended")
    let close: @Sendable (Link) async -> Void = { $0.close(saying: failure) }
    try await bench.withListener(serve: close) { endpoint in
      let link = try await bench.dial(endpoint)
      // Bytes that the other side will never read must not overtake its word.
      for _ in 0..<64 { link.post([Frame(.deliver(envelope: [UInt8](repeating: 0, count: 4096)))]) }
      for await _ in link.frames {}
      #expect(link.end == .refused(failure))
    }
  }

  @Test("for an enrolment ends after its time and takes only small frames")
  func enrolment() async throws {
    var bench = bench
    bench.timing.enrolMilliseconds = 2000
    let serve: @Sendable (Link) async -> Void = { link in for await _ in link.frames {} }
    try await bench.withListener(serve: serve) { [bench] endpoint in
      let link = try await bench.dial(endpoint, .enrol)
      for await _ in link.frames {}
      let ended = await link.closed()
      #expect(ended == .closed || ended == .timeout)

      let large = try await RawClient(
        endpoint, tls: bench.otherIdentity.tlsConfiguration(for: [.enrol], isServer: false))
      large.write(Array(ByteBuffer(frames: [Frame(.hello(LinkBench.hello("large")))]).readableBytesView))
      large.write([0x00, 0x01, 0x00, 0x01])
      #expect(try await large.framesUntilClosed().count == 1)
    }
  }

  @Test("ends with its listener")
  func listenerEnds() async throws {
    let link = try await bench.withListener { try await bench.dial($0) }
    for await _ in link.frames {}
    #expect(link.end == .closed)
  }

  @Test("cannot be listened for on a port in use")
  func portInUse() async throws {
    try await bench.withListener { endpoint -> Void in
      await #expect(throws: LinkError.cannotListen("Address already in use")) {
        _ = try await LinkListener.listen(on: endpoint, as: bench.identity, logger: LogLines().logger)
      }
    }
  }
}

/// Accepts connections and says nothing.
private struct ServerThatSaysNothing {
  let endpoint: Endpoint
  private let channel: any Channel

  init() async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    endpoint = try Endpoint(host: "127.0.0.1", port: UInt16(channel.localAddress?.port ?? 0))
  }

  func close() async throws { try await channel.close() }
}

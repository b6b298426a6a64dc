import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import LinkKit
import NIOCore
import NIOSSL
import Testing

/// Each of these loses its own connection; the listener and an honest link go on.
@Suite("Hostile input", .serialized, .timeLimit(.minutes(5)))
struct HostileInputTests {
  var bench = LinkBench()

  private static let hello = Array(ByteBuffer(frames: [Frame(.hello(LinkBench.hello("hostile")))]).readableBytesView)

  /// Runs `attack` beside an honest link, which must not notice.
  private func beside(_ attack: @Sendable (Endpoint) async throws -> Void) async throws {
    try await bench.withListener { endpoint in
      let honest = try await bench.dial(endpoint)
      var frames = honest.frames.makeAsyncIterator()
      try await attack(endpoint)
      try await honest.send(Frame(.inboxAcknowledge(sequence: 5)))
      #expect(await frames.next() == Frame(.inboxAcknowledge(sequence: 5)))
      #expect(honest.end == nil)
      let later = try await bench.dial(endpoint)
      #expect(later.end == nil)
    }
  }

  private func client(
    _ endpoint: Endpoint, _ change: (inout TLSConfiguration) -> Void = { _ in }
  ) async throws -> RawClient {
    var configuration = bench.otherIdentity.tlsConfiguration(for: [.peer], isServer: false)
    change(&configuration)
    return try await RawClient(endpoint, tls: configuration)
  }

  /// Whether the listener answered with its Hello, and so took the connection for a link.
  private func isTaken(_ client: RawClient) async throws -> Bool {
    client.write(Self.hello)
    client.write(Array(ByteBuffer(frames: [Frame(.hello(LinkBench.hello("again")))]).readableBytesView))
    return try await !client.framesUntilClosed().isEmpty
  }

  @Test("TLS below 1.3 is refused")
  func tls12() async throws {
    try await beside { endpoint in
      await #expect(throws: (any Error).self) {
        _ = try await client(endpoint) {
          $0.minimumTLSVersion = .tlsv12
          $0.maximumTLSVersion = .tlsv12
        }
      }
    }
  }

  @Test("a key exchange without ML-KEM is refused")
  func otherGroups() async throws {
    try await beside { endpoint in
      await #expect(throws: (any Error).self) { _ = try await client(endpoint) { $0.curves = [.x25519, .secp256r1] } }
    }
  }

  @Test("no certificate is refused")
  func noCertificate() async throws {
    try await beside { endpoint in
      // In TLS 1.3 the client is done before the server has seen that nothing came.
      let client = try? await client(endpoint) {
        $0.certificateChain = []
        $0.privateKey = nil
      }
      if let client {
        let taken = try await isTaken(client)
        #expect(!taken)
      }
    }
  }

  @Test("an unknown ALPN name, or none, is refused")
  func unknownKind() async throws {
    try await beside { endpoint in
      for protocols in [["liaison-peer/999"], ["h2"], []] {
        let client = try await client(endpoint) { $0.applicationProtocols = protocols }
        let taken = try await isTaken(client)
        #expect(!taken)
      }
    }
  }

  @Test("a plain connection's garbage is refused")
  func plain() async throws {
    try await beside { endpoint in
      let client = try await RawClient(endpoint, tls: nil)
      client.write(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
      _ = try await client.untilClosed()
      let zeros = try await RawClient(endpoint, tls: nil)
      zeros.write([UInt8](repeating: 0, count: 1 << 20))
      _ = try await zeros.untilClosed()
    }
  }

  @Test("a connection that never says anything ends in time")
  func mute() async throws {
    var patient = self
    patient.bench.timing.handshakeMilliseconds = 5000
    try await patient.beside { [patient] endpoint in
      let plain = try await RawClient(endpoint, tls: nil)
      _ = try await plain.untilClosed()
      let secured = try await patient.client(endpoint)
      #expect(try await secured.framesUntilClosed().count == 1)
    }
  }

  /// What is sent, by name: a test's arguments are printed, and a megabyte is not for printing.
  private static let streams: [String: [UInt8]] = [
    "a frame before Hello": Array(ByteBuffer(frames: [Frame(.ping)]).readableBytesView),
    "an oversized length before Hello": [0x00, 0x01, 0x00, 0x01],
    "garbage before Hello": [0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF],
    "a megabyte of zeros": [UInt8](repeating: 0, count: 1 << 20),
    "a second Hello": hello + hello,
    "an oversized length": hello + [0x00, 0x80, 0x00, 0x01],
    "the longest length of all": hello + [0xFF, 0xFF, 0xFF, 0xFF],
    "an empty frame": hello + [0, 0, 0, 0],
    "garbage": hello + [0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF],
    "a frame of an unknown kind": hello + [0, 0, 0, 4, 0xFA, 0xFF, 0x03, 0x00],
    "a megabyte of zeros after Hello": hello + [UInt8](repeating: 0, count: 1 << 20),
  ]

  @Test("bytes that are no frames end the connection", arguments: streams.keys.sorted())
  func notFrames(name: String) async throws {
    let bytes = try #require(Self.streams[name])
    try await beside { endpoint in
      let client = try await client(endpoint)
      client.write(bytes)
      let frames = try await client.framesUntilClosed()
      // Nothing but the listener's Hello comes back, and where it closed over unread bytes not even that.
      #expect(frames.count <= 1)
      #expect(
        frames.allSatisfy {
          if case .hello = $0.body { true } else { false }
        })
    }
  }

  @Test("a frame cut off by the end of the connection is not taken")
  func truncated() async throws {
    try await beside { endpoint in
      let whole = Array(ByteBuffer(frames: [Frame(.inboxAcknowledge(sequence: 9))]).readableBytesView)
      let client = try await client(endpoint)
      client.write(Self.hello + whole + whole.dropLast())
      try await Task.sleep(for: .milliseconds(200))
      client.close()
      #expect(try await client.framesUntilClosed().filter { $0 == Frame(.inboxAcknowledge(sequence: 9)) }.count == 1)
    }
  }
}

import LiaisonAdmin
import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import LiaisonTrust
import Logging
import NIOCore
import NIOPosix
import TestKit
import Testing

/// Says what a mail server says first.
private final class MailServer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 mail.example ESMTP\r\n")), promise: nil)
  }
}

@Suite("The test of a peer", .timeLimit(.minutes(1))) struct PeerTestTests {
  private typealias Step = PeerTest.Step

  /// The country that is tested, as it should be.
  private let root = SigningKey<RootPurpose>()
  private let node = SigningKey<NodePurpose>()
  private let own = SigningKey<NodePurpose>()
  private let now = Timestamp.now()

  private func card(
    _ endpoints: [Endpoint], serial: UInt64 = 2, by root: SigningKey<RootPurpose>? = nil, issuedAt: Timestamp? = nil
  ) throws -> Signed<NodeCard> {
    let (root, issuedAt) = (root ?? self.root, issuedAt ?? now)
    return Signed(
      try NodeCard(
        handle: Handle("xb"), country: "XB", name: "Brenova", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: endpoints, serial: serial, issuedAt: issuedAt,
        expiresAt: issuedAt.adding(milliseconds: 86_400_000)), by: root)
  }

  /// The peer as a registry has it after `steps`.
  private func peer(
    at endpoints: [Endpoint], issuedAt: Timestamp? = nil, isActive: Bool = true
  ) throws -> Registry.Peer {
    let owner = SigningKey<AdministratorPurpose>()
    let time = issuedAt ?? now
    let card = try card(endpoints, issuedAt: issuedAt)
    let handle = card.content.handle
    var log = TrustLog()
    var acts: [Act] = [
      .administratorNamed(try Administrator(key: owner.publicKey, name: "owner", roles: [.owner, .trustOfficer])),
      .peerProposed(card.unverified), .peerVerified(handle, rootKey: root.publicKey),
    ]
    if isActive { acts.append(.peerActivated(handle, rootKey: root.publicKey)) }
    for act in acts { try log.append(TrustKeeperTests.entry(act, at: log.nextPosition, time, by: owner)) }
    return try #require(log.registry.peer(handle))
  }

  private func dial(
    _ peer: Registry.Peer, timing: LinkTiming = LinkTiming(), versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) async -> PeerTest {
    var test = PeerTest(timing: timing)
    test.check(peer, at: now)
    await test.dial(
      peer, as: LinkIdentity(own), hello: Frame.Hello(versions: versions, clock: .now(), software: "test"),
      now: Timestamp.now)
    return test
  }

  /// Runs `body` beside a node that says this Hello to everybody, and answers what `answer` gives.
  private func withNode(
    key: SigningKey<NodePurpose>? = nil, decision: LinkHandshake.Decision,
    answer: Frame.Body? = .failure(Frame.Failure(.notPermitted, "not a room of yours")),
    _ body: @Sendable (Endpoint) async throws -> Void
  ) async throws {
    let listener = try await LinkListener.listen(
      on: Endpoint(host: "127.0.0.1", port: 0), as: LinkIdentity(key ?? node),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await listener.run { _, _ in
          decision
        } serve: { link in
          for await frame in link.frames {
            guard let answer else { continue }
            try? await link.send(Frame(request: frame.request, answer))
          }
        }
      }
      defer { group.cancelAll() }
      try await body(listener.endpoint)
    }
  }

  private func hello(
    _ card: Signed<NodeCard>, clock: Timestamp = .now(), versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) -> LinkHandshake.Decision {
    .accepted(Frame.Hello(versions: versions, clock: clock, software: "peer", nodeCard: card.unverified))
  }

  /// Every step before `failed` passed, and it did not, with `words` in its sentence; nothing was tried after it.
  private func expect(_ test: PeerTest, failed: Step, _ words: String) {
    let order: [Step] = [
      .trust, .card, .address, .name, .tcp, .tls, .key, .accepted, .version, .clock, .shownCard, .policy, .roundTrip,
    ]
    let expected = order.prefix(through: order.firstIndex(of: failed) ?? 0)
    #expect(test.results.map(\.step) == Array(expected))
    #expect(test.results.map(\.passed) == expected.map { $0 != failed })
    #expect(test.results.last?.detail.contains(words) == true, "\(test.results.last?.detail ?? "")")
    #expect(!test.passes)
  }

  @Test("passes at a node that answers, and says how long that took")
  func passes() async throws {
    try await withNode(decision: hello(try card([]))) { endpoint in
      let test = await dial(try peer(at: [endpoint]))
      #expect(test.passes)
      #expect(test.results.map(\.step).last == .roundTrip)
      #expect(test.results.last?.detail.hasSuffix(" ms") == true)
    }
  }

  @Test("goes on to the next address where one does not answer")
  func nextAddress() async throws {
    let nobody = try ReservedPort()
    try await withNode(decision: hello(try card([]))) { endpoint in
      let test = await dial(try peer(at: [Endpoint(host: "127.0.0.1", port: nobody.number), endpoint]))
      #expect(test.passes)
    }
  }

  @Test("ends at the registry, at a card that has expired, and where there is no address")
  func registry() async throws {
    expect(await dial(try peer(at: [], isActive: false)), failed: .trust, "it can be activated")
    let expired = now.subtracting(milliseconds: 2 * 86_400_000)
    expect(await dial(try peer(at: [], issuedAt: expired)), failed: .card, "ask xb for its next card")
    expect(await dial(try peer(at: [])), failed: .address, "names no endpoint")
  }

  @Test("ends at a name that cannot be resolved, and at a port where nobody listens")
  func network() async throws {
    expect(
      await dial(try peer(at: [Endpoint(host: "nobody.invalid", port: 1)])), failed: .name,
      "the host name nobody.invalid cannot be resolved; the card's address")
    let nobody = try ReservedPort()
    expect(
      await dial(try peer(at: [Endpoint(host: "127.0.0.1", port: nobody.number)])), failed: .tcp, "does not run")
  }

  @Test("ends at TLS where another program listens")
  func otherProgram() async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(MailServer()) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = UInt16(try #require(server.localAddress?.port))
    expect(await dial(try peer(at: [Endpoint(host: "127.0.0.1", port: port)])), failed: .tls, "another program")
    try await server.close()
  }

  @Test("ends at another key, and where the peer refuses")
  func key() async throws {
    let hello = hello(try card([]))
    try await withNode(key: SigningKey(), decision: hello) { endpoint in
      expect(await dial(try peer(at: [endpoint])), failed: .key, "somebody in between")
    }
    try await withNode(decision: .refused(Frame.Failure(.notPermitted, "not accepted"))) { endpoint in
      expect(await dial(try peer(at: [endpoint])), failed: .accepted, "has not activated this node")
    }
  }

  @Test("ends at another version, at a clock that is a year off, at another's card and at an older one")
  func hellos() async throws {
    let newer = ProtocolVersion.supported.upperBound + 1
    try await withNode(decision: hello(try card([]), versions: newer...newer)) { endpoint in
      expect(await dial(try peer(at: [endpoint])), failed: .version, "too old")
    }
    let year: UInt64 = 365 * 86_400_000
    for clock in [Timestamp.now().adding(milliseconds: year), Timestamp.now().subtracting(milliseconds: year)] {
      try await withNode(decision: hello(try card([]), clock: clock)) { endpoint in
        expect(await dial(try peer(at: [endpoint])), failed: .clock, "has to be set")
      }
    }
    try await withNode(decision: hello(try card([], serial: 9, by: SigningKey()))) { endpoint in
      expect(await dial(try peer(at: [endpoint])), failed: .shownCard, "known root key")
    }
    try await withNode(decision: hello(try card([], serial: 1))) { endpoint in
      expect(await dial(try peer(at: [endpoint])), failed: .shownCard, "it shows serial 1, serial 2 is known here")
    }
  }

  @Test("ends where a node takes questions and does not answer")
  func silence() async throws {
    var timing = LinkTiming()
    timing.handshakeMilliseconds = 5000
    try await withNode(decision: hello(try card([])), answer: nil) { [timing] endpoint in
      expect(await dial(try peer(at: [endpoint]), timing: timing), failed: .roundTrip, "was not answered in 5 s")
    }
  }
}

import Crypto
import Foundation
import LiaisonAdmin
import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import LinkKit
import NIOCore
import ProcessKit
import TLSPresentation
import TestKit
import Testing

/// A real node under others that send too much, take nothing, or hang about: what it holds in memory for them is
/// bounded, and its own people notice nothing. The figures are those of the node's process, not of this one.
@Suite("Memory of a real node", .serialized, .timeLimit(.minutes(10)))
struct PressureTests {
  /// What a hostile peer may cost, MiB: what a link holds back at most, and as much again in passing.
  private static let growthMebibytesMax = 64

  /// An honest country, one that this test plays with an active peer's key, and a member who writes to another.
  private struct Scene {
    let folder: TemporaryDirectory
    let country: Country
    let peer: Country
    let ana: Professional
    let boris: Professional
    let key: SigningKey<NodePurpose>
    let endpoint: Endpoint

    init() throws {
      folder = try TemporaryDirectory()
      country = try Country("xa", in: folder)
      peer = try Country("xg", in: folder)
      try country.start()
      try peer.start()
      try Country.introduce(country, peer, in: folder)
      peer.end(SIGTERM)
      (ana, boris) = (try country.enrol("ana"), try country.enrol("boris"))
      let home = NodeHome(peer.home)
      key = try home.nodeKey(under: try home.unlock { preconditionFailure("the test's keys have no passphrase") })
      endpoint = try Endpoint(host: "127.0.0.1", port: country.port)
      try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    }

    /// A connection with the peer's key that has said Hello.
    func connect(_ kind: LinkKind = .peer, reading: Bool = true) async throws -> RawClient {
      let client = try await RawClient(
        endpoint, tls: LinkIdentity(key).tlsConfiguration(for: [kind], isServer: false), reading: reading)
      client.write(PressureTests.bytes(.hello(Frame.Hello(clock: .now(), software: "hostile"))))
      return client
    }

    /// The key that the node proves.
    func nodeKey() throws -> NodeKey {
      let home = NodeHome(country.home)
      return try home.nodeKey(under: try home.unlock { preconditionFailure("the test's keys have no passphrase") })
        .publicKey
    }

    /// A new device of a member, enrolled as the program does it, without a profile.
    func enrol(_ member: String, _ node: NodeKey) async throws -> SigningKey<DeviceLinkPurpose> {
      let invited = try country.control(
        "member", "invite", "\(member)@\(country.handle)", "--name", member, "--discipline", "cyber")
      try expectDone(invited)
      let invitation = try Invitation(text: invited.output)
      let (link, signature) = (SigningKey<DeviceLinkPurpose>(), SigningKey<DeviceSignaturePurpose>())
      let device: DeviceIdentifier = PressureTests.random()
      let binding = Signed(
        DeviceBinding(
          device: device, linkKey: link.publicKey, invitation: Array(SHA256.hash(data: invitation.secret))),
        by: signature)
      let request = Frame.Enrol(
        secret: invitation.secret, device: MemberCard.Device(identifier: device, signatureKey: signature.publicKey),
        binding: binding.unverified)
      let connection = try await LinkDialer.dial(
        endpoint, as: LinkIdentity(link), .enrol, expecting: [node],
        hello: Frame.Hello(clock: .now(), software: "idle"))
      try await connection.send(Frame(request: 1, .enrol(request)))
      let answer = await connection.frames.next(atMost: 1)?.first
      guard case .enrolled? = answer?.body else { throw CocoaError(.coderReadCorrupt) }
      return link
    }

    /// The node's memory, and at its most, MiB.
    func memory() throws -> (now: Int, peak: Int) {
      let daemon = try #require(country.daemon)
      let status = try String(contentsOfFile: "/proc/\(daemon.identifier)/status", encoding: .utf8)
      func mebibytes(_ name: String) throws -> Int {
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) / 1024
      }
      return (try mebibytes("VmRSS:"), try mebibytes("VmHWM:"))
    }

    /// Two people of this country still write to one another.
    func isServing() throws -> Bool {
      let text = "still here \(UInt32.random(in: 0 ... .max))"
      try expectDone(try ana.run("send", boris.address, "-m", text, "--tlp", "GREEN"))
      _ = try boris.run("inbox")
      return objects(try boris.run("show", ana.address, "--json").output).contains { $0["text"] as? String == text }
    }

    func end(_ what: String, since before: Int) throws {
      let (now, peak) = try memory()
      print("\(what): \(before) MiB before, \(now) after, \(peak) at most")
      #expect(peak - before <= PressureTests.growthMebibytesMax, "\(what): \(before) MiB before, \(peak) at most")
      #expect(try isServing())
      #expect(country.daemon?.isRunning == true)
      country.end(SIGTERM)
      #expect(try Country.liaisond.run(["check", "--home", country.home]).status == 0)
    }
  }

  private static func bytes(_ body: Frame.Body, request: UInt64 = 0) -> [UInt8] {
    Array(ByteBuffer(frames: [Frame(request: request, body)]).readableBytesView)
  }

  private static func random<Tag>() -> Identifier<Tag> {
    var generator = SystemRandomNumberGenerator()
    return Identifier(using: &generator)
  }

  /// An envelope of a room that nobody knows: a node keeps it for a while, in bounds.
  private static func envelope(_ bytes: Int) throws -> [UInt8] {
    let room: RoomIdentifier = random()
    var message = TLSEncoder(reservingCapacity: bytes + 64)
    // MLSMessage: version mls10, PrivateMessage; its group, its epoch, application data, nothing authenticated.
    message.write(UInt16(1))
    message.write(UInt16(2))
    message.write(opaque: room.bytes)
    message.write(UInt64(1))
    message.write(UInt8(1))
    message.write(opaque: [])
    message.write(opaque: [UInt8](repeating: 0, count: 32))
    message.write(opaque: [UInt8](repeating: 7, count: bytes))
    return Envelope(
      message: random(), room: room, origin: try Handle("xg"), precedence: .routine, acceptedAt: .now(),
      kind: .application, payload: message.bytes
    ).tlsEncoded
  }

  @Test("stays bounded while a peer floods it with envelopes and reads no answer")
  func flood() async throws { try await blocking { try await Self.sendWithoutEnd() } }

  private static func sendWithoutEnd() async throws {
    let scene = try Scene()
    let before = try scene.memory().now
    let client = try await scene.connect(reading: false)
    // 256 MiB of envelopes, of which a node keeps 64 MiB, on its disk.
    let part = try (0..<256).flatMap { _ in Self.bytes(.deliver(envelope: try Self.envelope(16 << 10))) }
    for _ in 0..<64 where client.isOpen { await client.writeAndWait(part) }
    client.close()
    try scene.end("a peer that floods", since: before)
  }

  @Test("stays bounded while a peer asks without end and reads nothing")
  func deaf() async throws { try await blocking { try await Self.askWithoutEnd() } }

  private static func askWithoutEnd() async throws {
    let scene = try Scene()
    let before = try scene.memory().now
    let client = try await scene.connect(reading: false)
    let question = Frame.Body.directoryQuery(.address(try Address(scene.ana.address)))
    var number: UInt64 = 0
    for _ in 0..<400 where client.isOpen {
      let part = (0..<1000).flatMap { _ in
        number += 1
        return Self.bytes(question, request: number)
      }
      await client.writeAndWait(part)
    }
    client.close()
    try scene.end("a peer that never reads", since: before)
  }

  @Test("stays bounded while connections send the longest of frames, a byte at a time")
  func drip() async throws { try await blocking { try await Self.sendByteByByte() } }

  private static func sendByteByByte() async throws {
    let scene = try Scene()
    let before = try scene.memory().now
    var clients: [RawClient] = []
    for _ in 0..<Limits.bulkLinksPerKeyMax { clients.append(try await scene.connect(.bulk)) }
    clients.append(try await scene.connect(.peer))
    for client in clients { client.write([0x00, 0x7F, 0xFF, 0xFF]) }
    for _ in 0..<5 {
      for client in clients { client.write([0x0A]) }
      try await Task.sleep(for: .seconds(1))
    }
    #expect(clients.allSatisfy { $0.isOpen })
    #expect(try scene.isServing())
    try scene.end("nine links that send a byte a second", since: before)
    for client in clients { client.close() }
  }

  @Test("grows by little for each idle link")
  func idle() async throws { try await blocking { try await Self.openLinks() } }

  private static func openLinks() async throws {
    let scene = try Scene()
    let wanted = ProcessInfo.processInfo.environment["LIAISON_IDLE_LINKS"].flatMap(Int.init) ?? 512
    try Self.raiseOpenFiles()
    let node = try scene.nodeKey()
    let before = try scene.memory().now
    var devices: [SigningKey<DeviceLinkPurpose>] = []
    while devices.count * Limits.connectionsPerDeviceMax < wanted {
      devices.append(try await scene.enrol("m\(devices.count / Limits.devicesPerMemberMax)", node))
    }
    // Foundation starts processes only with descriptors below 1,024, where some are left for it.
    let lowDescriptors = (0..<128).map { _ in open("/dev/null", O_RDONLY) }
    var links: [Link] = []
    while links.count < wanted {
      links.append(
        try await LinkDialer.dial(
          scene.endpoint, as: LinkIdentity(devices[links.count / Limits.connectionsPerDeviceMax]), .device,
          expecting: [node], hello: Frame.Hello(clock: .now(), software: "idle")))
    }
    for descriptor in lowDescriptors { close(descriptor) }
    let (now, peak) = try scene.memory()
    let each = (now - before) * 1024 / wanted
    print("\(wanted) idle links: \(before) MiB before, \(now) after, \(peak) at most, \(each) KiB a link")
    #expect(each <= 64, "\(each) KiB a link")
    #expect(links.allSatisfy { $0.end == nil })
    #expect(try scene.isServing())
    for link in links { link.close() }
    scene.country.end(SIGTERM)
  }

  /// As many as this process may have.
  private static func raiseOpenFiles() throws {
    var limit = rlimit()
    try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    limit.rlim_cur = limit.rlim_max
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
  }
}

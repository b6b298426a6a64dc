import Foundation
import LiaisonAdmin
import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import LinkKit
import NIOCore
import ProcessKit
import TestKit
import Testing

/// A node between an honest country and one that has an active peer's key and uses it badly.
@Suite("A hostile peer of a real node", .serialized, .timeLimit(.minutes(5)))
struct HostilePeerTests {
  private static let hello = bytes(.hello(Frame.Hello(clock: .now(), software: "hostile")))

  private static func bytes(_ body: Frame.Body, request: UInt64 = 0) -> [UInt8] {
    Array(ByteBuffer(frames: [Frame(request: request, body)]).readableBytesView)
  }

  /// What the peer sends, by name.
  private static let attacks: KeyValuePairs<String, [UInt8]> = [
    "garbage": hello + [0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF],
    "an oversized frame": hello + [0x00, 0x80, 0x00, 0x01],
    "a megabyte of zeros": [UInt8](repeating: 0, count: 1 << 20),
    "a megabyte of zeros after Hello": hello + [UInt8](repeating: 0, count: 1 << 20),
    "a frame before Hello": bytes(.ping),
    "a second Hello": hello + hello,
    "a device's frame": hello + bytes(.submit(envelope: [1, 2, 3]), request: 1),
    "an answer to nothing": hello + bytes(.hubAnswer(Frame.HubAnswer(.accepted, epoch: 1)), request: 9),
    "an envelope that is none": hello + bytes(.deliver(envelope: [UInt8](repeating: 0, count: 1000))),
    "a bulk link's frame": hello + bytes(.chunk(ciphertext: [1])),
  ]

  @Test("loses its link for each thing that it should not send, and nobody else notices")
  func losesItsLink() async throws { try await blocking { try await Self.attack() } }

  private static func attack() async throws {
    let folder = try TemporaryDirectory()
    defer { withExtendedLifetime(folder) {} }
    let (a, b) = (try Country("xa", in: folder), try Country("xb", in: folder))
    // The third country's node was made by the program, but never runs after its introduction: this test is it.
    let hostile = try Country("xg", in: folder)
    for country in [a, b, hostile] { try country.start() }
    try Country.introduce(a, b, in: folder)
    try Country.introduce(a, hostile, in: folder)
    hostile.end(SIGTERM)
    let (ana, boris) = (try a.enrol("ana"), try b.enrol("boris"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    let node = try #require(a.daemon)
    let links = try Self.linkCount(of: b, at: a)
    #expect(links > 0)

    let home = NodeHome(hostile.home)
    let key = try home.nodeKey(under: try home.unlock { preconditionFailure("the test's keys have no passphrase") })
    let tls = LinkIdentity(key).tlsConfiguration(for: [.peer], isServer: false)
    let endpoint = try Endpoint(host: "127.0.0.1", port: a.port)
    var sent = ["first"]
    for (name, bytes) in Self.attacks {
      let client = try await RawClient(endpoint, tls: tls)
      client.write(bytes)
      // The key is an active peer's, so that the node says Hello, and then closes.
      _ = try await client.untilClosed()
      let text = "beside \(name)"
      try expectDone(try ana.run("send", boris.address, "-m", text, "--tlp", "GREEN"))
      sent.append(text)
    }
    for bytes in [[UInt8](repeating: 0, count: 1 << 20), Array("GET / HTTP/1.1\r\n\r\n".utf8)] {
      let plain = try await RawClient(endpoint, tls: nil)
      plain.write(bytes)
      _ = try await plain.untilClosed()
    }
    // A peer that behaves again is taken again, by the same process.
    let before = try Self.linkCount(of: hostile, at: a)
    let client = try await RawClient(endpoint, tls: tls)
    client.write(Self.hello)
    try waiting("the peer to be linked again") { try Self.linkCount(of: hostile, at: a) > before }
    client.close()

    #expect(node.isRunning)
    #expect(try Self.linkCount(of: b, at: a) == links, "the honest peer lost its link meanwhile")
    try waiting("the messages to arrive") {
      _ = try boris.run("inbox")
      return try Self.texts(boris, from: ana) == sent
    }
    for country in [a, b] { country.end(SIGTERM) }
    #expect(try Country.liaisond.run(["check", "--home", a.home]).status == 0)
  }

  private static func texts(_ person: Professional, from other: Professional) throws -> [String] {
    objects(try person.run("show", other.address, "--json").output)
      .filter { $0["type"] as? String == "message" }.compactMap { $0["text"] as? String }
  }

  /// How often a link to a peer has come to stand.
  private static func linkCount(of peer: Country, at country: Country) throws -> Int {
    guard let log = country.daemon?.log else { return 0 }
    let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
    return lines.count { $0.hasSuffix("info the link stands peer=\(peer.handle)") }
  }
}

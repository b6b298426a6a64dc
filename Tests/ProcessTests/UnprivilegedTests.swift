import Foundation
import ProcessKit
import TestKit
import Testing

/// A node and a client that may do nothing but what their files allow, as the systemd unit runs them.
@Suite("Programs without privileges", .serialized, .timeLimit(.minutes(5)))
struct UnprivilegedTests {
  @Test("connect and are connected to")
  func connect() async throws { try await blocking { try Self.connectUnprivileged() } }

  private static func connectUnprivileged() throws {
    let folder = try TemporaryDirectory()
    defer { withExtendedLifetime(folder) {} }
    let country = try Country("xa", in: folder)
    let (program, prefix) = Self.unprivileged(Country.liaisond)
    let node = try Daemon(
      program, prefix + ["run", "--home", country.home], log: URL(fileURLWithPath: folder.path("xa.log")))
    try waiting("the node to answer") { try country.control("status").status == 0 }
    let invited = try country.control("member", "invite", "ana@xa", "--name", "Ana", "--discipline", "cyber")
    try expectDone(invited)
    let (client, arguments) = Self.unprivileged(Country.liaison)
    let joined = try client.run(
      arguments + ["--home", folder.path("ana"), "join", "-", "--no-passphrase"], input: invited.output)
    #expect(joined.status == 0, "\(joined.errors)")
    node.end(SIGTERM)
  }

  /// How to run a program without the capabilities that root has; somebody else has none.
  private static func unprivileged(_ program: Program) -> (program: Program, arguments: [String]) {
    guard geteuid() == 0 else { return (program, []) }
    // Of util-linux, which every Debian and Ubuntu has.
    return (
      Program(at: URL(fileURLWithPath: "/usr/bin/setpriv")),
      ["--bounding-set=-all", "--inh-caps=-all", program.url.path]
    )
  }
}

import CommandKit
import Foundation
import LiaisonAdmin
import LiaisonModel
import TestKit
import Testing

@Suite("The configuration of a node") struct ConfigurationTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func load(
    _ text: String, flags: NodeConfiguration.Flags = .init(), environment: [String: String] = [:]
  ) async throws -> NodeConfiguration {
    try Data(text.utf8).write(to: folder.url.appendingPathComponent("config.yaml"))
    return try await NodeConfiguration.load(
      file: folder.path("config.yaml"), flags: flags, environment: environment)
  }

  @Test("the example in Config is what init writes, and is valid")
  func example() async throws {
    let file = Checkout.root.appendingPathComponent("Config/liaisond.example.yaml")
    let (listen, advertised) = (try Endpoint("0.0.0.0:7400"), try Endpoint("liaison.example.org:7400"))
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text == NodeConfiguration.template(listen: listen, advertised: [advertised]))
    let configuration = try await NodeConfiguration.load(file: file.path, environment: [:])
    #expect(configuration.listen == listen)
    #expect(configuration.advertised == [advertised])
    #expect(configuration.logLevel == .info)
    #expect(configuration.stopSeconds == 10)
  }

  @Test("an address of version 6 survives the file")
  func version6() async throws {
    let listen = try Endpoint("[::1]:7400")
    let configuration = try await load(NodeConfiguration.template(listen: listen, advertised: [listen]))
    #expect(configuration.listen == listen)
    #expect(configuration.advertised == [listen])
  }

  @Test("the command line wins over the environment, and the environment over the file")
  func precedence() async throws {
    let text = "listen: \"127.0.0.1:1\"\nlog:\n  level: error\nstop:\n  seconds: 3\n"
    #expect(try await load(text).listen.port == 1)
    let environment = [
      "LIAISON_LISTEN": "127.0.0.1:2", "LIAISON_LOG_LEVEL": "debug", "LIAISON_STOP_SECONDS": "4",
      "LIAISON_ADVERTISE": "a.example:1, b.example:2",
    ]
    let fromEnvironment = try await load(text, environment: environment)
    #expect(fromEnvironment.listen.port == 2)
    #expect(fromEnvironment.logLevel == .debug)
    #expect(fromEnvironment.stopSeconds == 4)
    #expect(fromEnvironment.advertised.map(\.host) == ["a.example", "b.example"])
    let fromFlags = try await load(
      text, flags: .init(listen: "127.0.0.1:3", logLevel: "trace"), environment: environment)
    #expect(fromFlags.listen.port == 3)
    #expect(fromFlags.logLevel == .trace)
  }

  @Test(
    "a wrong line is named by its number and key",
    arguments: [
      ("listen: \"a:1\"\nlisten: \"a:2\"\n", 2, "listen"), ("listen: \"a:1\"\nLog: x\n", 2, "Log"),
      ("listen:\n  - a:1\n", 2, "listen"), ("listen: a:99999\n", 1, "listen"),
      ("listen: \"a:1\"\nadvertise:\n  - \"a:1\"\n  - b\n", 4, "advertise"),
      ("listen: \"a:1\"\nlog:\n  colour: red\n", 3, "log.colour"),
      ("listen: \"a:1\"\nstop:\n  seconds: 0\n", 3, "stop.seconds"),
      ("listen: \"a:1\"\nstop:\n  seconds: 1.5\n", 3, "stop.seconds"), ("- listen\n", 1, "listen"),
      ("listen: \"a:1\"\n\u{1}x: y\n", 2, "this is not YAML"),
      ("stop:\n  seconds: 1\nlog:\n  level: info\n  # again\n  \"level\": info\n", 6, "level"),
    ])
  func wrongLine(text: String, line: Int, key: String) async throws {
    let error = await #expect(throws: CommandError.self) { try await load(text) }
    #expect(error?.status == .configuration)
    #expect(error?.sentence.hasPrefix("config.yaml line \(line):") == true, "\(error?.sentence ?? "")")
    #expect(error?.sentence.contains(key) == true, "\(error?.sentence ?? "")")
  }

  @Test("control characters of a wrong file are escaped in what is said of it")
  func escaping() async throws {
    let error = await #expect(throws: CommandError.self) { try await load("\"a\\e[2J\": 1\n") }
    #expect(error?.sentence.contains("\u{1B}") == false)
    #expect(error?.sentence.contains("a\\u{1B}[2J") == true)
  }
}

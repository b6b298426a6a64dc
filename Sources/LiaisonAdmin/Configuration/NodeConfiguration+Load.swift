package import CommandKit
internal import Configuration
internal import LiaisonModel
internal import Logging
internal import SystemPackage

extension NodeConfiguration {
  /// What the command line sets; nil where it does not.
  package struct Flags: Sendable {
    package var listen: String?
    package var logLevel: String?

    package init(listen: String? = nil, logLevel: String? = nil) {
      self.listen = listen
      self.logLevel = logLevel
    }
  }

  /// Reads `home`'s file, the environment and `flags`; a later one wins. Throws "bad configuration", with the line or
  /// the variable that is wrong.
  package static func load(
    _ home: NodeHome, flags: Flags = Flags(), environment: [String: String]
  ) async throws(CommandError) -> NodeConfiguration {
    try await load(file: home.configuration, flags: flags, environment: environment)
  }

  /// The same for a file by its path.
  package static func load(
    file: String, flags: Flags = Flags(), environment: [String: String]
  ) async throws(CommandError) -> NodeConfiguration {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    try ConfigurationFile.check(try ConfigurationFile.read(file), name: escaped(name))
    for (key, kind) in ConfigurationFile.keys {
      let variable = "LIAISON_" + key.uppercased().replacing(".", with: "_")
      guard let value = environment[variable] else { continue }
      do { try ConfigurationFile.check(value, kind) } catch {
        throw CommandError(.configuration, "\(variable): \(error.sentence)")
      }
    }
    var given: [AbsoluteConfigKey: ConfigValue] = [:]
    if let listen = flags.listen { given[["listen"]] = ConfigValue(.string(listen), isSecret: false) }
    if let level = flags.logLevel { given[["log", "level"]] = ConfigValue(.string(level), isSecret: false) }
    for (option, value, kind) in [
      ("--listen", flags.listen, ConfigurationFile.Kind.endpoint), ("--log-level", flags.logLevel, .level),
    ] {
      guard let value else { continue }
      do { try ConfigurationFile.check(value, kind) } catch {
        throw CommandError(.usage, "\(option): \(error.sentence)")
      }
    }
    do {
      let reader = ConfigReader(providers: [
        InMemoryProvider(values: given),
        EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "liaison"),
        try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)),
      ])
      guard let listen = reader.string(forKey: "listen") else {
        throw CommandError(
          .configuration, "\(escaped(name)) does not say where to listen, such as listen: \"127.0.0.1:7401\"")
      }
      return NodeConfiguration(
        listen: try Endpoint(listen),
        advertised: try reader.stringArray(forKey: "advertise", default: []).map {
          try Endpoint($0.trimmingPrefix(" ").description)
        },
        logLevel: reader.string(forKey: "log.level").flatMap(Logger.Level.init(rawValue:)) ?? .info,
        stopSeconds: reader.int(forKey: "stop.seconds", default: 10))
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.configuration, "\(escaped(name)) cannot be read: \(escaped(String(describing: error)))")
    }
  }
}

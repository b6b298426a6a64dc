internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import Sodium

/// Where the profile is and how it opens.
struct ProfileOptions: ParsableArguments {
  @OptionGroup var home: HomeOptions
  @OptionGroup var passphrase: PassphraseOptions

  /// The profile's folder: `--home`, `LIAISON_HOME`, or `.liaison` in the person's own folder.
  static func folder(_ home: HomeOptions) throws -> String {
    let own = Terminal.environment("HOME").flatMap { $0.isEmpty ? nil : $0 + "/.liaison" }
    return try home.folder(otherwise: own)
  }

  /// Opens the profile, asking for its passphrase where it has one.
  func open() throws -> Engine {
    let folder = try Self.folder(home)
    let secret =
      try Profile.needsPassphrase(at: folder)
      ? Passphrase.obtain(file: passphrase.passphraseFile, prompt: "Passphrase: ") : nil
    let engine = try Profile.open(at: folder, passphrase: secret)
    _ = try engine.identity
    return engine
  }
}

/// What a person types for `TO`.
enum Target {
  case room(Room)
  case people([Address])

  /// One room, or addresses.
  init(_ words: [String], _ engine: Engine) throws {
    if words.allSatisfy({ $0.contains("@") }) {
      self = .people(try words.map { try Address($0) })
    } else if words.count == 1 {
      self = .room(try engine.room(named: words[0]))
    } else {
      throw CommandError(.usage, "name one room, or one or more addresses such as ana@xa")
    }
  }
}

extension Marking {
  /// Reads what was typed after `--tlp`.
  static func typed(_ text: String?) throws -> Marking? { try text.map { try Marking($0) } }
}

extension Precedence {
  /// Reads what was typed after `--precedence`.
  static func typed(_ text: String) throws -> Precedence { try Precedence(text) }
}

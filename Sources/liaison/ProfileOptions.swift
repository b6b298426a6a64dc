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
      self = .people(try words.map { try Address.typed($0) })
    } else if words.count == 1 {
      self = .room(try engine.room(named: words[0]))
    } else {
      throw CommandError(.usage, "name one room, or one or more addresses such as ana@xa")
    }
  }

  /// Whom it reaches: oneself too, where one is in the room.
  var addresses: [Address] {
    switch self {
    case .people(let addresses): addresses
    case .room(let room): room.members
    }
  }
}

extension Address {
  /// Reads an address as it was typed.
  static func typed(_ text: String) throws(CommandError) -> Address {
    try CommandError.typed { () throws(ModelError) in try Address(text) }
  }
}

extension Marking {
  /// Reads what was typed after `--tlp`.
  static func typed(_ text: String?) throws(CommandError) -> Marking? {
    guard let text else { return nil }
    return try CommandError.typed { () throws(ModelError) in try Marking(text) }
  }
}

extension Precedence {
  /// Reads what was typed after `--precedence`.
  static func typed(_ text: String) throws(CommandError) -> Precedence {
    try CommandError.typed { () throws(ModelError) in try Precedence(text) }
  }
}

extension String? {
  /// Reads what was typed, where something was.
  func typed<Value>(_ read: (String) throws(ModelError) -> Value) throws(CommandError) -> Value? {
    guard let text = self else { return nil }
    return try CommandError.typed { () throws(ModelError) in try read(text) }
  }
}

/// Reads the digits that begin an identifier, as they were typed; `what` is what they name, and `list` shows them all.
func typedDigits(_ text: String, of what: String, list: String) throws(CommandError) -> String {
  guard let digits = Hex.identifierPrefix(text) else {
    throw CommandError(.usage, "\(what) is named by 4 to 32 hexadecimal digits; see: \(list)")
  }
  return digits
}

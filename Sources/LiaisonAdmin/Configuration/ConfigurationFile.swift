internal import CommandKit
internal import LiaisonModel
internal import Logging
internal import Sodium
internal import Yams

/// `config.yaml`, read and checked line by line: what is wrong is named with its line and key.
enum ConfigurationFile {
  /// What one key takes.
  enum Kind {
    case endpoint, endpoints, level
    case seconds(ClosedRange<Int>)
  }

  /// Every key there is.
  static let keys: [String: Kind] = [
    "listen": .endpoint, "advertise": .endpoints, "log.level": .level,
    "stop.seconds": .seconds(NodeConfiguration.stopSecondsBounds),
  ]

  /// A configuration is small; longer files are something else.
  static let bytesMax = 64 << 10

  /// The text of the file at `path`.
  static func read(_ path: String) throws(CommandError) -> String {
    let bytes: [UInt8]?
    do { bytes = try AtomicFile.read(path, limit: bytesMax) } catch {
      throw CommandError(.configuration, escaped(error.description))
    }
    guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.configuration, "\(escaped(path)) is not a text of at most \(bytesMax) bytes")
    }
    return text
  }

  /// Throws "bad configuration" with the first line that is wrong. `name` is how the file is called in the sentence.
  static func check(_ text: String, name: String) throws(CommandError) {
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch { throw malformed(error, in: text, name: name) }
    guard let root, root.null == nil else {
      throw CommandError(
        .configuration, "\(name) is empty; it says at least where to listen, listen: \"127.0.0.1:7401\"")
    }
    guard case .mapping(let mapping) = root else {
      throw wrong(root, name, "the file is a list of keys and values, such as listen: \"127.0.0.1:7401\"")
    }
    try check(mapping, prefix: "", name: name)
  }

  private static func check(_ mapping: Node.Mapping, prefix: String, name: String) throws(CommandError) {
    var seen: Set<String> = []
    for (key, value) in mapping {
      let path = prefix + (key.string ?? "")
      guard seen.insert(path).inserted else { throw wrong(key, name, "\(escaped(path)) is there twice") }
      if let kind = keys[path] {
        try check(value, kind, key: path, name: name)
      } else if keys.keys.contains(where: { $0.hasPrefix(path + ".") }) {
        guard case .mapping(let inner) = value else {
          let example = keys.keys.filter { $0.hasPrefix(path + ".") }.sorted()[0].dropFirst(path.count + 1)
          throw wrong(value, name, "\(path) holds keys of its own, such as \(example)")
        }
        try check(inner, prefix: path + ".", name: name)
      } else {
        throw wrong(
          key, name, "there is no key \(escaped(path)); the keys are \(keys.keys.sorted().joined(separator: ", "))")
      }
    }
  }

  private static func check(_ value: Node, _ kind: Kind, key: String, name: String) throws(CommandError) {
    if case .endpoints = kind {
      guard case .sequence(let elements) = value else { throw wrong(value, name, "\(key) is a list of HOST:PORT") }
      guard elements.count <= 8 else { throw wrong(value, name, "\(key) names at most 8 endpoints") }
      for element in elements { try check(element, .endpoint, key: key, name: name) }
      return
    }
    guard case .scalar(let scalar) = value else { throw wrong(value, name, "\(key) is one value") }
    do { try Self.check(scalar.string, kind) } catch { throw wrong(value, name, "\(key): \(error.sentence)") }
  }

  /// Throws where `text` is no value of that kind.
  static func check(_ text: String, _ kind: Kind) throws(CommandError) {
    switch kind {
    case .endpoint: do { _ = try Endpoint(text) } catch { throw CommandError(.configuration, error.sentence) }
    case .endpoints:
      for part in text.split(separator: ",") { try check(part.trimmingPrefix(" ").description, .endpoint) }
    case .level:
      guard Logger.Level(rawValue: text) != nil else {
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandError(.configuration, "\(escaped(text)) is none of \(levels)")
      }
    case .seconds(let bounds):
      guard let seconds = Int(text), bounds.contains(seconds) else {
        throw CommandError(
          .configuration, "\(escaped(text)) is not a number from \(bounds.lowerBound) to \(bounds.upperBound)")
      }
    }
  }

  private static func wrong(_ node: Node, _ name: String, _ sentence: String) -> CommandError {
    CommandError(.configuration, "\(name) line \(node.mark?.line ?? 1): \(sentence)")
  }

  private static func malformed(_ error: any Error, in text: String, name: String) -> CommandError {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      return CommandError(.configuration, "\(name) line \(mark.line): this is not YAML: \(escaped(problem))")
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      let key = duplicates.first ?? ""
      return CommandError(
        .configuration,
        "\(name) line \(lineOfSecond(key, after: context.mark, in: text)): \(escaped(key)) is there twice")
    case YamlError.reader(_, let offset?, _, _):
      let line = 1 + text.utf8.prefix(offset).count { $0 == UInt8(ascii: "\n") }
      return CommandError(.configuration, "\(name) line \(line): this is not YAML: a character that no text holds")
    default: return CommandError(.configuration, "\(name) is not YAML")
    }
  }

  /// The parser names the first of two; the second is the one that somebody added.
  private static func lineOfSecond(_ key: String, after first: Mark, in text: String) -> Int {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let second = lines.indices.dropFirst(first.line).first { index in
      let line = lines[index]
      let indentation = line.prefix { $0 == " " }.count
      let rest = line.dropFirst(indentation).drop { $0 == "\"" || $0 == "'" }
      return indentation == first.column - 1 && rest.hasPrefix(key)
        && rest.dropFirst(key.count).drop { $0 == "\"" || $0 == "'" || $0 == " " }.first == ":"
    }
    return second.map { $0 + 1 } ?? first.line
  }
}

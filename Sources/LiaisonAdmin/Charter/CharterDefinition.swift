package import CommandKit
package import LiaisonModel
package import LiaisonTrust
internal import Sodium
internal import Yams

/// What people write to propose a charter, as YAML: the network's name, its community, how many countries change it, and
/// the countries with their regions.
package struct CharterDefinition: Equatable, Sendable {
  /// One country: by its handle where it is known here, or by a file with its card.
  package struct Country: Equatable, Sendable {
    package let handle: Handle
    package let region: String
    package let card: String?
  }

  package let name: String
  package let community: String
  package let threshold: Int
  package let countries: [Country]

  private static let bytesMax = 64 << 10
  private static let keys = ["name", "community", "threshold", "countries"]
  private static let countryKeys = ["handle", "region", "card"]

  /// The definition in a file. Throws "bad data" with the line that is wrong.
  package static func read(_ path: String) throws(CommandError) -> CharterDefinition {
    let bytes: [UInt8]?
    do { bytes = try AtomicFile.read(path, limit: bytesMax) } catch { throw CommandError(error) }
    guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.badData, "\(escaped(path)) is not a text of at most \(bytesMax) bytes")
    }
    return try CharterDefinition(yaml: text, name: escaped(path))
  }

  /// `file` is how the text is called in a sentence.
  package init(yaml text: String, name file: String) throws(CommandError) {
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch { throw CommandError(.badData, "\(file) is not YAML") }
    guard let root, case .mapping(let mapping) = root else {
      throw CommandError(.badData, "\(file) is no list of keys and values, such as threshold: 13")
    }
    let values = try Self.values(of: mapping, Self.keys, file)
    name = try Self.text("name", in: values, at: root, file)
    community = try Self.text("community", in: values, at: root, file)
    guard let number = Int(try Self.text("threshold", in: values, at: root, file)) else {
      throw Self.wrong(values["threshold"] ?? root, file, "threshold is a number")
    }
    threshold = number
    guard case .sequence(let list)? = values["countries"] else {
      throw Self.wrong(values["countries"] ?? root, file, "countries is a list of handles and regions")
    }
    guard list.count <= Limits.charterMembersMax else {
      throw Self.wrong(root, file, "a charter names at most \(Limits.charterMembersMax) countries")
    }
    var countries: [Country] = []
    for element in list {
      guard case .mapping(let mapping) = element else {
        throw Self.wrong(element, file, "a country is a handle and a region")
      }
      let values = try Self.values(of: mapping, Self.countryKeys, file)
      let text = try Self.text("handle", in: values, at: element, file)
      guard let handle = try? Handle(text) else {
        throw Self.wrong(element, file, "\(escaped(text)) is no handle")
      }
      countries.append(
        Country(
          handle: handle, region: try Self.text("region", in: values, at: element, file),
          card: values["card"]?.string))
    }
    self.countries = countries
  }

  private static func values(
    of mapping: Node.Mapping, _ keys: [String], _ file: String
  ) throws(CommandError) -> [String: Node] {
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, keys.contains(name) else {
        throw wrong(
          key, file, "there is no key \(escaped(key.string ?? "")); the keys are \(keys.joined(separator: ", "))")
      }
      values[name] = value
    }
    return values
  }

  private static func text(
    _ key: String, in values: [String: Node], at node: Node, _ file: String
  ) throws(CommandError) -> String {
    guard let value = values[key] else { throw wrong(node, file, "\(key) is missing") }
    guard case .scalar(let scalar) = value else { throw wrong(value, file, "\(key) is one value") }
    return scalar.string
  }

  private static func wrong(_ node: Node, _ file: String, _ sentence: String) -> CommandError {
    CommandError(.badData, "\(file) line \(node.mark?.line ?? 1): \(sentence)")
  }
}

extension Charter {
  /// The charter as a definition, to be changed into the next one.
  package var definition: String {
    func quoted(_ text: String) -> String {
      var result = "\""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case let scalar where escaped(String(scalar)) != String(scalar):
          let digits = String(scalar.value, radix: 16)
          result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
      }
      return result + "\""
    }
    let head = ["name: \(quoted(name))", "community: \(quoted(community))", "threshold: \(threshold)", "countries:"]
    return (head + members.map { "  - {handle: \"\($0.handle)\", region: \(quoted($0.region))}" })
      .joined(separator: "\n") + "\n"
  }
}

internal import Crypto
internal import FoundationEssentials

/// Text forms of signed statements and invitations, which people mail, paste and print.
public enum Armor {
  /// A statement between a BEGIN and an END line, Base64 in lines of 64 characters (the layout of RFC 7468).
  public static func encode<Content>(_ statement: Unverified<Content>) -> String {
    let text = base64(statement.tlsEncoded)
    var lines = ["-----BEGIN \(title(Content.self))-----"]
    var rest = Substring(text)
    while !rest.isEmpty {
      lines.append(String(rest.prefix(64)))
      rest = rest.dropFirst(64)
    }
    lines.append("-----END \(title(Content.self))-----\n")
    return lines.joined(separator: "\n")
  }

  /// Reads what ``encode(_:)`` wrote; text around it is passed over.
  public static func decode<Content>(_ text: String, as type: Content.Type) throws(ModelError) -> Unverified<Content> {
    let title = title(type)
    guard text.utf8.count <= 4 * Limits.statementBytesMax else {
      throw .malformed("this file is too long for a \(Content.label)")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }
    guard let begin = lines.firstIndex(of: "-----BEGIN \(title)-----") else {
      throw .malformed("this file holds no \(Content.label)")
    }
    guard let end = lines[begin...].firstIndex(of: "-----END \(title)-----"),
      let bytes = bytes(lines[(begin + 1)..<end].joined()),
      let statement = try? Unverified<Content>(tlsEncoded: bytes)
    else { throw .malformed("the \(Content.label) in this file is truncated or damaged") }
    return statement
  }

  private static func title<Content: Statement>(_ type: Content.Type) -> String {
    "LIAISON \(Content.label.uppercased())"
  }

  /// Base64url without padding of `bytes` and the first 4 bytes of their SHA-256.
  static func checked(_ bytes: [UInt8]) -> String {
    base64(bytes + SHA256.hash(data: bytes).prefix(4)).compactMap { character in
      switch character {
      case "+": "-"
      case "/": "_"
      case "=": nil
      default: String(character)
      }
    }.joined()
  }

  static func unchecked(_ text: Substring) -> [UInt8]? {
    let digits = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    guard let all = bytes(digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)), all.count > 4
    else { return nil }
    let content = Array(all.dropLast(4))
    return Array(SHA256.hash(data: content).prefix(4)) == Array(all.suffix(4)) ? content : nil
  }

  private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  /// `nil` for anything that is not the one encoding of its bytes.
  private static func bytes(_ text: String) -> [UInt8]? {
    guard let data = Data(base64Encoded: text) else { return nil }
    return data.base64EncodedString() == text ? Array(data) : nil
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

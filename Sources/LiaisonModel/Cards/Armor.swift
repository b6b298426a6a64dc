internal import Crypto
internal import FoundationEssentials
package import TLSPresentation

/// Text forms of signed statements and invitations, which people mail, paste and print.
public enum Armor {
  /// A statement between a BEGIN and an END line, Base64 in lines of 64 characters (the layout of RFC 7468).
  public static func encode<Content>(_ statement: Unverified<Content>) -> String {
    framed(statement.tlsEncoded, Content.label)
  }

  /// The same for the receipts of a message.
  public static func encode(_ receipts: MessageReceipts) -> String { framed(receipts.tlsEncoded, ReceiptBatch.label) }

  /// Reads what ``encode(_:)`` wrote; text around it is passed over.
  public static func decode<Content>(_ text: String, as type: Content.Type) throws(ModelError) -> Unverified<Content> {
    try decode(text, label: Content.label, bytesMax: Limits.statementBytesMax)
  }

  /// Reads receipts that ``encode(_:)`` wrote.
  public static func decodeReceipts(_ text: String) throws(ModelError) -> MessageReceipts {
    try decode(text, label: ReceiptBatch.label, bytesMax: Limits.receiptsBytesMax)
  }

  /// The same for evidence that a node showed two directories.
  public static func encode(_ evidence: DirectoryEvidence) -> String {
    framed(evidence.tlsEncoded, DirectoryEvidence.label)
  }

  /// Reads evidence that ``encode(_:)`` wrote.
  public static func decodeEvidence(_ text: String) throws(ModelError) -> DirectoryEvidence {
    try decode(text, label: DirectoryEvidence.label, bytesMax: Limits.directoryEvidenceBytesMax)
  }

  /// The longest text that holds so many bytes: Base64 takes a third more, and there may be words around it.
  public static func textBytesMax(for bytesMax: Int) -> Int { 4 * bytesMax }

  /// The same for anything that has a label of its own.
  package static func encode(_ value: some TLSEncodable, label: String) -> String { framed(value.tlsEncoded, label) }

  private static func framed(_ bytes: [UInt8], _ label: String) -> String {
    var lines = ["-----BEGIN \(title(label))-----"]
    var rest = Substring(base64(bytes))
    while !rest.isEmpty {
      lines.append(String(rest.prefix(64)))
      rest = rest.dropFirst(64)
    }
    lines.append("-----END \(title(label))-----\n")
    return lines.joined(separator: "\n")
  }

  /// Reads what ``encode(_:label:)`` wrote, at most `bytesMax` bytes of it.
  package static func decode<Value: TLSDecodable>(
    _ text: String, label: String, bytesMax: Int
  ) throws(ModelError) -> Value {
    guard text.utf8.count <= textBytesMax(for: bytesMax) else {
      throw .malformed("this file is too long for a \(label)")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }
    guard let begin = lines.firstIndex(of: "-----BEGIN \(title(label))-----") else {
      throw .malformed("this file holds no \(label)")
    }
    guard let end = lines[begin...].firstIndex(of: "-----END \(title(label))-----"),
      let bytes = bytes(lines[(begin + 1)..<end].joined()), let value = try? Value(tlsEncoded: bytes)
    else { throw .malformed("the \(label) in this file is truncated or damaged") }
    return value
  }

  private static func title(_ label: String) -> String { "LIAISON \(label.uppercased())" }

  /// Base64url without padding of `bytes` and the first 4 bytes of their SHA-256.
  package static func checked(_ bytes: [UInt8]) -> String {
    base64(bytes + SHA256.hash(data: bytes).prefix(4)).compactMap { character in
      switch character {
      case "+": "-"
      case "/": "_"
      case "=": nil
      default: String(character)
      }
    }.joined()
  }

  package static func unchecked(_ text: Substring) -> [UInt8]? {
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

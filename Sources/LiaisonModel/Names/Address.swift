public import TLSPresentation

/// `member@handle`: a person, or later a role, at a node.
public struct Address: Hashable, Sendable, CustomStringConvertible, Comparable {
  /// The part before the `@`: `[a-z0-9]` first, then `[a-z0-9._-]`, at most 64 characters.
  public let member: String
  public let handle: Handle

  public var description: String { "\(member)@\(handle)" }

  public init(_ text: String) throws(ModelError) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw .malformed("an address has the form member@handle") }
    try self.init(member: String(parts[0]), handle: Handle(String(parts[1])))
  }

  public init(member: String, handle: Handle) throws(ModelError) {
    func plain(_ byte: UInt8) -> Bool {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
    guard let first = member.utf8.first, plain(first), member.utf8.count <= 64,
      member.utf8.allSatisfy({
        plain($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
      })
    else {
      throw .malformed(
        "the name before @ is 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', a letter or digit first")
    }
    self.member = member
    self.handle = handle
  }

  public static func < (a: Address, b: Address) -> Bool {
    (a.handle, a.member) < (b.handle, b.member)
  }
}

extension Address: TLSCodable {
  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let text = try decoder.readString(bound: 97)
    do { try self.init(text) } catch { throw .invalid("an address is malformed") }
  }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(string: description) }
}

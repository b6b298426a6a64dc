public import TLSPresentation

/// RFC 9420 §6.
public enum ContentType: UInt8, Sendable, TLSCodable {
  case application = 1
  case proposal = 2
  case commit = 3

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(rawValue)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let value: UInt8 = try decoder.read()
    guard let type = ContentType(rawValue: value) else { throw .unknownValue(UInt64(value)) }
    self = type
  }
}

/// RFC 9420 §17.2.
public struct WireFormat: CodePoint {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let publicMessage = WireFormat(rawValue: 1)
  public static let privateMessage = WireFormat(rawValue: 2)
  public static let welcome = WireFormat(rawValue: 3)
  public static let groupInfo = WireFormat(rawValue: 4)
  public static let keyPackage = WireFormat(rawValue: 5)
}

/// Who sent a message (RFC 9420 §6).
public enum Sender: Hashable, Sendable, TLSCodable {
  case member(LeafIndex)
  /// An entry of the `external_senders` extension.
  case external(UInt32)
  case newMemberProposal
  case newMemberCommit

  public func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .member(let index):
      encoder.write(UInt8(1))
      encoder.write(index)
    case .external(let index):
      encoder.write(UInt8(2))
      encoder.write(index)
    case .newMemberProposal: encoder.write(UInt8(3))
    case .newMemberCommit: encoder.write(UInt8(4))
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .member(try decoder.read())
    case 2: self = .external(try decoder.read())
    case 3: self = .newMemberProposal
    case 4: self = .newMemberCommit
    case let other: throw .unknownValue(UInt64(other))
    }
  }
}

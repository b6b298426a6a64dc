public import TLSPresentation

/// Random bytes that name one thing for ever. The tag keeps a room's name from being used as a message's.
public struct Identifier<Tag>: Hashable, Sendable, CustomStringConvertible, TLSCodable {
  /// 16 bytes.
  public let bytes: [UInt8]

  /// Fails where `bytes` are not 16.
  public init(bytes: [UInt8]) throws(ModelError) {
    guard bytes.count == 16 else { throw .malformed("an identifier is 16 bytes") }
    self.bytes = bytes
  }

  public init(using generator: inout some RandomNumberGenerator) {
    bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// 32 hexadecimal digits.
  public init(_ text: String) throws(ModelError) {
    guard let bytes = Hex.decode(text) else { throw .malformed("an identifier is 32 hexadecimal digits") }
    try self.init(bytes: bytes)
  }

  public var description: String { Hex.encode(bytes) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    bytes = try decoder.read(fixed: 16)
  }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}

public enum RoomTag: Sendable {}
public enum MessageTag: Sendable {}
public enum DeviceTag: Sendable {}

/// Names a room; also the identifier of its MLS group.
public typealias RoomIdentifier = Identifier<RoomTag>
/// Names an envelope and the message in it.
public typealias MessageIdentifier = Identifier<MessageTag>
/// Names one of a member's machines.
public typealias DeviceIdentifier = Identifier<DeviceTag>

internal import Crypto
public import TLSPresentation

/// What nodes carry: routing fields in clear, and inside what only the room's devices can read.
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque message[16];
///   opaque room[16];
///   opaque origin<V>;           // handle of the node that accepted it from its sender's device
///   uint8 precedence;           // 0 routine ... 3 flash
///   uint64 accepted_at;         // milliseconds since 1970, origin's clock
///   uint8 kind;                 // 1 application, 2 commit, 3 welcome
///   opaque payload<V>;          // 1: MLSMessage; 2: RoomCommit; 3: RoomWelcome
/// } Envelope;
/// ```
public struct Envelope: Hashable, Sendable, TLSCodable {
  public enum Kind: UInt8, Sendable {
    /// The payload is an MLSMessage that holds a PrivateMessage.
    case application = 1
    /// The payload is a ``RoomCommit``, which proves that it stands, whatever its origin.
    case commit = 2
    /// The payload is a ``RoomWelcome``; only the room's hub is its origin.
    case welcome = 3
  }

  public var message: MessageIdentifier
  public var room: RoomIdentifier
  public var origin: Handle
  public var precedence: Precedence
  public var acceptedAt: Timestamp
  public var kind: Kind
  public var payload: [UInt8]

  public init(
    message: MessageIdentifier, room: RoomIdentifier, origin: Handle, precedence: Precedence, acceptedAt: Timestamp,
    kind: Kind, payload: [UInt8]
  ) {
    self.message = message
    self.room = room
    self.origin = origin
    self.precedence = precedence
    self.acceptedAt = acceptedAt
    self.kind = kind
    self.payload = payload
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an envelope has an unknown format") }
    message = try decoder.read()
    room = try decoder.read()
    origin = try decoder.read()
    guard let precedence = Precedence(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("an envelope has an unknown precedence")
    }
    self.precedence = precedence
    acceptedAt = try decoder.read()
    guard let kind = Kind(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("an envelope is of an unknown kind")
    }
    self.kind = kind
    payload = try decoder.readOpaque(bound: Limits.envelopePayloadBytesMax)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(message)
    encoder.write(room)
    encoder.write(origin)
    encoder.write(precedence.rawValue)
    encoder.write(acceptedAt)
    encoder.write(kind.rawValue)
    encoder.write(opaque: payload)
  }

  /// SHA-256 of an envelope's encoding, 32 bytes: what a receipt proves.
  public static func digest(ofEncoded bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}

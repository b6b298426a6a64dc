internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// An inbox item that is not a stored envelope, as the store keeps it.
enum InboxItemContent: TLSCodable {
  case receipt(Receipt)
  case undeliverable(message: MessageIdentifier, at: Handle, Frame.Failure)
  /// An envelope made for this device alone: a welcome without its tree.
  case envelope([UInt8])

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .receipt(try decoder.read())
    case 2:
      let message = try decoder.read(MessageIdentifier.self)
      let handle = try decoder.read(Handle.self)
      let reason = Frame.Failure.Reason(rawValue: Int(try decoder.read(UInt8.self))) ?? .unspecified
      self = .undeliverable(
        message: message, at: handle, Frame.Failure(reason, try decoder.readString(bound: Inbox.reasonBytesMax)))
    case 3: self = .envelope(try decoder.readOpaque())
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .receipt(let receipt):
      encoder.write(UInt8(1))
      encoder.write(receipt)
    case .undeliverable(let message, let handle, let failure):
      encoder.write(UInt8(2))
      encoder.write(message)
      encoder.write(handle)
      encoder.write(UInt8(truncatingIfNeeded: failure.reason.rawValue))
      encoder.write(string: failure.text)
    case .envelope(let bytes):
      encoder.write(UInt8(3))
      encoder.write(opaque: bytes)
    }
  }
}

/// Bounds of inboxes that are no rule of the protocol.
enum Inbox {
  /// The highest position that a device can name: no inbox comes near it, and no number overflows after it.
  static let positionMax: UInt64 = 1 << 53
  /// A peer's reason, which a link bounds to 256 bytes before replacement characters.
  static let reasonBytesMax = 1024
}

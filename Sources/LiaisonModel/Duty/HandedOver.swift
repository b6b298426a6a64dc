public import TLSPresentation

/// A message to a role that waited unacknowledged when the role was handed over, said again for its next holder.
///
/// ```
/// struct {
///   opaque sender<V>;           // who wrote it
///   opaque message[16];         // its identifier: what the next holder acknowledges
///   uint64 sent_at;
///   uint8 precedence;
///   uint8 marking;
///   uint16 kind;                // 1 text or 2 document, nothing else
///   opaque body<V>;
/// } HandedOver;
/// ```
public struct HandedOver: Hashable, Sendable, TLSCodable {
  public var sender: Address
  public var message: MessageIdentifier
  public var sentAt: Timestamp
  public var precedence: Precedence
  public var marking: Marking
  /// A text or a document.
  public let body: MessageContent.Body

  /// `nil` for a message that is neither a text nor a document.
  public init?(_ content: MessageContent, from sender: Address) {
    switch content.body {
    case .text, .document: body = content.body
    case .handedOver(let earlier):
      // It was handed over before: it stays its writer's.
      self = earlier
      return
    default: return nil
    }
    self.sender = sender
    message = content.message
    sentAt = content.sentAt
    precedence = content.precedence
    marking = content.marking
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    sender = try decoder.read()
    message = try decoder.read()
    sentAt = try decoder.read()
    guard let precedence = Precedence(rawValue: try decoder.read(UInt8.self)),
      let marking = Marking(rawValue: try decoder.read(UInt8.self))
    else { throw .invalid("a message has an unknown precedence or marking") }
    self.precedence = precedence
    self.marking = marking
    let kind = try decoder.read(UInt16.self)
    // Looked at before the body is, so that none is nested in another.
    guard kind == 1 || kind == 2 else { throw .invalid("only texts and documents are handed over") }
    body = try MessageContent.Body(kind: kind, bytes: try decoder.readOpaque(bound: Limits.messageBytesMax))
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(sender)
    encoder.write(message)
    encoder.write(sentAt)
    encoder.write(precedence.rawValue)
    encoder.write(marking.rawValue)
    encoder.write(body.kind)
    encoder.write(opaque: body.bytes)
  }
}

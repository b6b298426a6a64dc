public import TLSPresentation

/// What a member says to a room, inside the encryption. The body's kind is a number with an opaque value, so that
/// a client passes over kinds that it does not know.
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque message[16];         // as on the envelope
///   uint64 sequence;            // 1, 2, 3 ... since the sending device came into the room
///   uint64 sent_at;             // milliseconds since 1970, sender's clock
///   uint8 precedence;           // as on the envelope
///   uint8 marking;              // 0 TLP:CLEAR ... 4 TLP:RED
///   optional<opaque[16]> reply_to;
///   uint16 kind;
///   opaque body<V>;
/// } MessageContent;
/// ```
public struct MessageContent: Hashable, Sendable, TLSCodable {
  public var message: MessageIdentifier
  public var sequence: UInt64
  public var sentAt: Timestamp
  public var precedence: Precedence
  public var marking: Marking
  public var replyTo: MessageIdentifier?
  public var body: Body

  public enum Body: Hashable, Sendable {
    /// Kind 1: UTF-8 text.
    case text(String)
    /// Kind 2: a document is in the room.
    case document(DocumentReference)
    /// Kind 3: the sender deliberately acknowledges these messages.
    case acknowledgement([MessageIdentifier])
    /// Kind 4: these messages were shown to the sender.
    case displayed([MessageIdentifier])
    /// Kind 5: the room's title.
    case title(String)
    /// Kind 6: the sender leaves the room; a member that reads this commits the removal.
    case leave
    /// Kind 7: the sender misses messages of another device and asks it for them.
    case missing(MissingMessages)
    /// Kind 8: messages that a device asked for, for that device only.
    case again(SealedAgain)
    /// Kind 11: the sender has made this room, which goes on in the place of the one that it is said in.
    case successor(RoomIdentifier)
    /// Kind 12: whose keys the member compared, for the member's other devices.
    case confirmations(OwnConfirmations)
    /// Kind 20: the room is the one in which somebody writes to a duty role.
    case duty(RoleRoom)
    /// Kind 21: a message to a role that waits unacknowledged goes over to the role's next holder.
    indirect case handedOver(HandedOver)
    /// A kind of a later version.
    case unknown(kind: UInt16, bytes: [UInt8])
  }

  public init(
    message: MessageIdentifier, sequence: UInt64, sentAt: Timestamp, precedence: Precedence, marking: Marking,
    replyTo: MessageIdentifier?, body: Body
  ) {
    self.message = message
    self.sequence = sequence
    self.sentAt = sentAt
    self.precedence = precedence
    self.marking = marking
    self.replyTo = replyTo
    self.body = body
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a message has an unknown format") }
    message = try decoder.read()
    sequence = try decoder.read()
    sentAt = try decoder.read()
    guard let precedence = Precedence(rawValue: try decoder.read(UInt8.self)),
      let marking = Marking(rawValue: try decoder.read(UInt8.self))
    else { throw .invalid("a message has an unknown precedence or marking") }
    self.precedence = precedence
    self.marking = marking
    replyTo = try decoder.readOptional()
    let kind = try decoder.read(UInt16.self)
    let bytes = try decoder.readOpaque(bound: Limits.messageBytesMax)
    body = try Body(kind: kind, bytes: bytes)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(message)
    encoder.write(sequence)
    encoder.write(sentAt)
    encoder.write(precedence.rawValue)
    encoder.write(marking.rawValue)
    encoder.write(optional: replyTo)
    encoder.write(body.kind)
    encoder.write(opaque: body.bytes)
  }
}

extension MessageContent.Body {
  var kind: UInt16 {
    switch self {
    case .text: 1
    case .document: 2
    case .acknowledgement: 3
    case .displayed: 4
    case .title: 5
    case .leave: 6
    case .missing: 7
    case .again: 8
    case .successor: 11
    case .confirmations: 12
    case .duty: 20
    case .handedOver: 21
    case .unknown(let kind, _): kind
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .text(let text), .title(let text): return Array(text.utf8)
    case .document(let reference): return reference.tlsEncoded
    case .acknowledgement(let messages), .displayed(let messages): return messages.flatMap(\.bytes)
    case .leave: return []
    case .missing(let request): return request.tlsEncoded
    case .again(let answer): return answer.tlsEncoded
    case .successor(let room): return room.bytes
    case .confirmations(let told): return told.tlsEncoded
    case .duty(let note): return note.tlsEncoded
    case .handedOver(let message): return message.tlsEncoded
    case .unknown(_, let bytes): return bytes
    }
  }

  init(kind: UInt16, bytes: [UInt8]) throws(TLSPresentationError) {
    switch kind {
    case 1: self = .text(try Self.text(bytes, bound: Limits.textBytesMax))
    case 2: self = .document(try DocumentReference(tlsEncoded: bytes))
    case 3: self = .acknowledgement(try Self.messages(bytes))
    case 4: self = .displayed(try Self.messages(bytes))
    case 5: self = .title(try Self.text(bytes, bound: Limits.titleBytesMax))
    case 6:
      guard bytes.isEmpty else { throw .trailingBytes(count: bytes.count) }
      self = .leave
    case 7: self = .missing(try MissingMessages(tlsEncoded: bytes))
    case 8: self = .again(try SealedAgain(tlsEncoded: bytes))
    case 11: self = .successor(try RoomIdentifier(tlsEncoded: bytes))
    case 12: self = .confirmations(try OwnConfirmations(tlsEncoded: bytes))
    case 20: self = .duty(try RoleRoom(tlsEncoded: bytes))
    case 21: self = .handedOver(try HandedOver(tlsEncoded: bytes))
    default: self = .unknown(kind: kind, bytes: bytes)
    }
  }

  private static func text(_ bytes: [UInt8], bound: Int) throws(TLSPresentationError) -> String {
    guard bytes.count <= bound else { throw .tooLong(bound: bound) }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid("a text is not UTF-8") }
    return text
  }

  private static func messages(_ bytes: [UInt8]) throws(TLSPresentationError) -> [MessageIdentifier] {
    guard bytes.count <= Limits.acknowledgedMessagesMax * 16 else {
      throw .tooLong(bound: Limits.acknowledgedMessagesMax * 16)
    }
    var decoder = TLSDecoder(bytes)
    var messages: [MessageIdentifier] = []
    while !decoder.isAtEnd { messages.append(try decoder.read()) }
    return messages
  }
}

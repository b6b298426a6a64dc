public import TLSPresentation

/// Numbers from one to another, both among them.
///
/// `struct { uint64 first; uint64 last; } NumberRange;`
public struct NumberRange: Hashable, Sendable, TLSCodable {
  public let first: UInt64
  public let last: UInt64

  /// `first` is at most `last`.
  public init(_ numbers: ClosedRange<UInt64>) {
    first = numbers.lowerBound
    last = numbers.upperBound
  }

  public var numbers: ClosedRange<UInt64> { first...last }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    first = try decoder.read()
    last = try decoder.read()
    guard first <= last else { throw .invalid("a range ends before it begins") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(first)
    encoder.write(last)
  }
}

/// What a device asks of another one in its room, whose messages it misses.
///
/// ```
/// struct {
///   opaque device[16];          // whose messages are missing
///   opaque answer_key<V>;       // a public key of the room's KEM
///   NumberRange missing<V>;     // 1 to 32
/// } MissingMessages;
/// ```
public struct MissingMessages: Hashable, Sendable, TLSCodable {
  public var device: DeviceIdentifier
  /// What the answer is encrypted to, so that nobody else in the room reads it.
  public var answerKey: [UInt8]
  public var missing: [NumberRange]

  public init(device: DeviceIdentifier, answerKey: [UInt8], missing: [NumberRange]) {
    self.device = device
    self.answerKey = answerKey
    self.missing = missing
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    device = try decoder.read()
    answerKey = try decoder.readOpaque(bound: 4096)
    missing = try decoder.readVector(bound: Limits.missingRangesMax * 16)
    guard !missing.isEmpty else { throw .invalid("a request names no missing message") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(device)
    encoder.write(opaque: answerKey)
    encoder.write(vector: missing)
  }
}

/// The answer to ``MissingMessages``, for the device that asked: a ``MessagesAgain``, encrypted.
///
/// ```
/// struct {
///   opaque device[16];          // for whom
///   opaque kem_output<V>;
///   opaque ciphertext<V>;       // HPKE, base mode
/// } SealedAgain;
/// ```
public struct SealedAgain: Hashable, Sendable, TLSCodable {
  public var device: DeviceIdentifier
  public var kemOutput: [UInt8]
  public var ciphertext: [UInt8]

  public init(device: DeviceIdentifier, kemOutput: [UInt8], ciphertext: [UInt8]) {
    self.device = device
    self.kemOutput = kemOutput
    self.ciphertext = ciphertext
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    device = try decoder.read()
    kemOutput = try decoder.readOpaque(bound: 4096)
    ciphertext = try decoder.readOpaque(bound: Limits.messageBytesMax)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(device)
    encoder.write(opaque: kemOutput)
    encoder.write(opaque: ciphertext)
  }

  /// The `info` of the encryption: it opens in this room, for this asker, as this sender's.
  ///
  /// `struct { opaque label<V> = "Liaison 1 sent again"; opaque room[16]; opaque asker[16]; opaque sender[16]; }`
  public static func info(room: RoomIdentifier, asker: DeviceIdentifier, sender: DeviceIdentifier) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 80)
    encoder.write(string: "Liaison 1 sent again")
    encoder.write(room)
    encoder.write(asker)
    encoder.write(sender)
    return encoder.bytes
  }
}

/// Messages as they were sent, and what became of those that are not among them.
///
/// ```
/// struct {
///   MessageContent again<V>;
///   NumberRange idle<V>;        // were requests and answers of this kind: nothing is missed
///   NumberRange gone<V>;        // cannot be sent again, now or later
/// } MessagesAgain;
/// ```
public struct MessagesAgain: Hashable, Sendable, TLSCodable {
  public var again: [MessageContent]
  public var idle: [NumberRange]
  public var gone: [NumberRange]

  public init(again: [MessageContent] = [], idle: [NumberRange] = [], gone: [NumberRange] = []) {
    self.again = again
    self.idle = idle
    self.gone = gone
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    again = try decoder.readVector(bound: Limits.messageBytesMax)
    idle = try decoder.readVector(bound: Limits.missingNumbersMax * 16)
    gone = try decoder.readVector(bound: Limits.missingNumbersMax * 16)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: again)
    encoder.write(vector: idle)
    encoder.write(vector: gone)
  }
}

internal import Crypto
public import TLSPresentation

/// One entry of a node's directory log: that a member got this card, or that their membership ended.
///
/// ```
/// struct { uint8 type; opaque content<V>; } DirectoryEntry;      // extensible: a reader passes over types that it does not know
/// ```
public enum DirectoryEntry: Hashable, Sendable, TLSCodable {
  /// Type 1: a Signed MemberCard, as it is carried.
  case card(Unverified<MemberCard>)
  /// Type 2.
  case end(DirectoryEnd)
  /// A type of a later version.
  case other(type: UInt8, content: [UInt8])

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let type = try decoder.read(UInt8.self)
    let content = try decoder.readOpaque(bound: Limits.directoryEntryBytesMax)
    switch type {
    case 1: self = .card(try Unverified(tlsEncoded: content))
    case 2: self = .end(try DirectoryEnd(tlsEncoded: content))
    default: self = .other(type: type, content: content)
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .card(let card):
      encoder.write(UInt8(1))
      encoder.write(opaque: card.tlsEncoded)
    case .end(let end):
      encoder.write(UInt8(2))
      encoder.write(opaque: end.tlsEncoded)
    case .other(let type, let content):
      encoder.write(type)
      encoder.write(opaque: content)
    }
  }

  /// What the log's tree holds for this entry, which is about a member.
  public func record(of address: Address) -> DirectoryRecord { DirectoryRecord(address, entry: tlsEncoded) }
}

/// A member is one no longer, and their last card with its devices does not count any more.
///
/// `struct { opaque address<V>; opaque card[32]; uint64 ended_at; } DirectoryEnd;`
public struct DirectoryEnd: Hashable, Sendable, TLSCodable {
  public var address: Address
  /// SHA-256 of the member's last Signed MemberCard, 32 bytes: nobody guesses the entry who has not seen that.
  public var card: [UInt8]
  /// The node's clock.
  public var endedAt: Timestamp

  public init(address: Address, lastCard: Unverified<MemberCard>, endedAt: Timestamp) {
    self.address = address
    card = Array(SHA256.hash(data: lastCard.tlsEncoded))
    self.endedAt = endedAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    address = try decoder.read()
    card = try decoder.read(fixed: 32)
    endedAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(address)
    encoder.write(fixed: card)
    encoder.write(endedAt)
  }
}

/// What the log's tree is made of: whose entry it is, as a tag that only somebody who knows the address recognises, and
/// the hash of the entry. A member's device reads them all and knows that no entry about its member was kept from it.
///
/// `struct { opaque tag[32]; opaque entry[32]; } DirectoryRecord;`
public struct DirectoryRecord: Hashable, Sendable, TLSCodable {
  /// The length in bytes.
  public static let length = 64

  /// SHA-256 of the label `Liaison 1 directory tag` and the address, 32 bytes.
  public let tag: [UInt8]
  /// SHA-256 of the DirectoryEntry, 32 bytes.
  public let entry: [UInt8]

  /// The record of an encoded entry about a member.
  public init(_ address: Address, entry: [UInt8]) {
    tag = Self.tag(of: address)
    self.entry = Array(SHA256.hash(data: entry))
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    tag = try decoder.read(fixed: 32)
    entry = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(fixed: tag)
    encoder.write(fixed: entry)
  }

  /// `SHA-256(struct { opaque label<V> = "Liaison 1 directory tag"; opaque address<V>; })`
  public static func tag(of address: Address) -> [UInt8] {
    var encoder = TLSEncoder()
    encoder.write(string: "Liaison 1 directory tag")
    encoder.write(address)
    return Array(SHA256.hash(data: encoder.bytes))
  }
}

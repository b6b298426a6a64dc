package import LiaisonModel
package import TLSPresentation

/// One entry of the trust log as it is kept: a signed statement, not yet verified. Its encoding is the Merkle tree's leaf.
///
/// ```
/// enum { decision(1), card_received(2), recovery(3), notice_received(4), card_replaced(5), (255) } EntryType;
/// struct {
///   EntryType type;
///   select (type) {
///     case decision: Signed<Decision>; case card_received: Signed<CardReceived>; case recovery: Signed<Recovery>;
///     case notice_received: Signed<NoticeReceived>; case card_replaced: Signed<CardReplaced>;
///   }
/// } LogEntry;
/// ```
package enum LogEntry: Hashable, Sendable, TLSCodable {
  /// By an administrator.
  case decision(Unverified<Decision>)
  /// By the node.
  case cardReceived(Unverified<CardReceived>)
  /// By the country's root key.
  case recovery(Unverified<Recovery>)
  /// By the node.
  case noticeReceived(Unverified<NoticeReceived>)
  /// By the country's root key.
  case cardReplaced(Unverified<CardReplaced>)

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .decision(try decoder.read())
    case 2: self = .cardReceived(try decoder.read())
    case 3: self = .recovery(try decoder.read())
    case 4: self = .noticeReceived(try decoder.read())
    case 5: self = .cardReplaced(try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  package func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .decision(let decision):
      encoder.write(UInt8(1))
      encoder.write(decision)
    case .cardReceived(let card):
      encoder.write(UInt8(2))
      encoder.write(card)
    case .recovery(let recovery):
      encoder.write(UInt8(3))
      encoder.write(recovery)
    case .noticeReceived(let notice):
      encoder.write(UInt8(4))
      encoder.write(notice)
    case .cardReplaced(let card):
      encoder.write(UInt8(5))
      encoder.write(card)
    }
  }
}

/// What a verified entry says, for people and listings.
package struct LogRecord: Sendable {
  /// Who signed.
  package enum Author: Hashable, Sendable {
    case administrator(Administrator)
    case node(NodeKey)
    case root(RootKey)
  }

  /// The entry's place, from 0.
  package let sequence: UInt64
  /// When it was signed, by the signer's clock.
  package let time: Timestamp
  /// Who signed.
  package let author: Author
  /// An administrator's decision, and what became of it.
  package let decision: (act: Act, outcome: Outcome)?
  /// What changed, in one sentence; peers' text in it is not escaped.
  package let summary: String
}

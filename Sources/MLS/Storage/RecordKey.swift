internal import TLSPresentation

/// The name of one record of a stored group. Keys are ordered by kind, then by epoch, then by item.
public struct RecordKey: Hashable, Comparable, Sendable {
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// The epoch's secrets and public values, and what the group is configured to do: one record.
    case state = 1
    /// One a node of the ratchet tree that is not blank; the item is its index.
    case node = 2
    /// One a proposal that waits for a commit; the item is its place among them.
    case proposal = 3
    /// The epoch that a commit of this client leads to, as what it changes.
    case pendingCommit = 4
    /// One a past epoch, without its secret tree.
    case pastEpoch = 5
    /// One a node of an epoch's secret tree that holds a secret; the item is its index.
    case secretNode = 6
    /// One a sender's ratchet of an epoch; the item is twice the leaf's index, and one more for application messages.
    case ratchet = 7
    /// One a key that waits for an overtaken message; the item is the ratchet's, shifted by 32 bits, and the generation.
    case messageKey = 8
  }

  public let kind: Kind
  /// The epoch that the record belongs to; 0 for kinds that are not an epoch's.
  public let epoch: UInt64
  /// Less than 2^54, but in the upper bound of a range.
  public let item: UInt64

  public init(kind: Kind, epoch: UInt64 = 0, item: UInt64 = 0) {
    self.kind = kind
    self.epoch = epoch
    self.item = item
  }

  public static func < (a: Self, b: Self) -> Bool {
    (a.kind.rawValue, a.epoch, a.item) < (b.kind.rawValue, b.epoch, b.item)
  }

  /// Every key that there can be.
  public static let all = RecordKey(kind: .state)...RecordKey(kind: .messageKey, epoch: .max, item: .max)

  package static func all(_ kind: Kind) -> ClosedRange<RecordKey> {
    RecordKey(kind: kind)...RecordKey(kind: kind, epoch: .max, item: .max)
  }

  package static func all(_ kind: Kind, of epochs: ClosedRange<UInt64>) -> ClosedRange<RecordKey> {
    RecordKey(kind: kind, epoch: epochs.lowerBound)...RecordKey(kind: kind, epoch: epochs.upperBound, item: .max)
  }

  /// The keys that wait for messages of one ratchet.
  package static func messageKeys(_ epoch: UInt64, _ ratchet: RatchetID) -> ClosedRange<RecordKey> {
    messageKey(epoch, ratchet, 0)...messageKey(epoch, ratchet, .max)
  }

  package static func node(_ index: NodeIndex) -> RecordKey {
    RecordKey(kind: .node, item: UInt64(index.value))
  }

  package static func secretNode(_ epoch: UInt64, _ index: NodeIndex) -> RecordKey {
    RecordKey(kind: .secretNode, epoch: epoch, item: UInt64(index.value))
  }

  package static func ratchet(_ epoch: UInt64, _ ratchet: RatchetID) -> RecordKey {
    RecordKey(kind: .ratchet, epoch: epoch, item: ratchet.item)
  }

  package static func messageKey(_ epoch: UInt64, _ ratchet: RatchetID, _ generation: UInt32) -> RecordKey {
    RecordKey(kind: .messageKey, epoch: epoch, item: ratchet.item << 32 | UInt64(generation))
  }
}

extension StoredRecord {
  /// The item of a node's record.
  var nodeIndex: NodeIndex {
    get throws(TLSPresentationError) {
      guard key.item < 2 * RatchetTree.leafCountMax else { throw .invalid("the key of a stored node") }
      return NodeIndex(Int(key.item))
    }
  }
}

extension RatchetID {
  fileprivate var item: UInt64 { UInt64(leaf.rawValue) << 1 | (kind == .application ? 1 : 0) }

  /// From a ratchet's item.
  package init?(item: UInt64) {
    guard let leaf = UInt32(exactly: item >> 1) else { return nil }
    self.init(leaf: LeafIndex(leaf), kind: item & 1 == 1 ? .application : .handshake)
  }
}

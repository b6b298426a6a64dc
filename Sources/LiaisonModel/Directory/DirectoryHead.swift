internal import MerkleLog
public import TLSPresentation

/// A node's signed statement of all that its directory log holds.
///
/// A node has one directory log at a time. One that has lost entries, because it was restored from a backup, begins
/// another, with a later `beganAt`, and never signs for the earlier one again.
///
/// ```
/// struct {
///   uint8 version = 1; opaque handle<V>; uint64 began_at; uint64 size; opaque root[32]; uint64 signed_at;
/// } DirectoryHead;
/// ```
public struct DirectoryHead: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "directory head"

  /// Whose log it is.
  public var handle: Handle
  /// When the log was begun, the node's clock: this names the log.
  public var beganAt: Timestamp
  /// The number of entries.
  public var size: UInt64
  /// The Merkle root over their records (RFC 9162 §2.1), 32 bytes.
  public var root: [UInt8]
  /// The node's clock.
  public var signedAt: Timestamp

  public init(handle: Handle, beganAt: Timestamp, size: UInt64, root: [UInt8], signedAt: Timestamp) {
    self.handle = handle
    self.beganAt = beganAt
    self.size = size
    self.root = root
    self.signedAt = signedAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a directory head has an unknown format") }
    handle = try decoder.read()
    beganAt = try decoder.read()
    size = try decoder.read()
    root = try decoder.read(fixed: 32)
    signedAt = try decoder.read()
    guard beganAt <= signedAt else { throw .invalid("a directory head is from before its directory") }
    guard size > 0 || root == MerkleHash.emptyTree.bytes else {
      throw .invalid("the directory head of an empty log has a root of something else")
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(handle)
    encoder.write(beganAt)
    encoder.write(size)
    encoder.write(fixed: root)
    encoder.write(signedAt)
  }

  /// Whether it is from the time when a log that was begun at `time` took the place of its own, which may still be under
  /// way then: nothing is wrong with that.
  public func isBefore(logOf time: Timestamp) -> Bool {
    signedAt <= time.adding(milliseconds: Limits.clockErrorMillisecondsMax)
  }

  /// Whether both say the same of the same log.
  public func agrees(with other: DirectoryHead) -> Bool {
    handle == other.handle && beganAt == other.beganAt && size == other.size && root == other.root
  }
}

/// How a head stands to another of the same node's.
public enum DirectoryHeadRelation: Sendable {
  /// Both say the same; one may be signed later.
  case same
  /// It is of the same log when that was longer or shorter, as a ``DirectoryContinuation`` is to show.
  case ofOtherSize(lesser: Unverified<DirectoryHead>, greater: Unverified<DirectoryHead>)
  /// It is of a log that was begun later, in the place of the other one's.
  case anew
  /// It is of a log that the other one's took the place of.
  case outdated
  /// No honest node signs both.
  case contradictory(DirectoryEvidence)
}

extension Unverified<DirectoryHead> {
  /// How this head stands to one that was had before. Both were verified when they came, and are of one node, whose card
  /// goes into what proves a lie. Throws ``ModelError/malformed(_:)`` where one is no head.
  public func relation(
    to known: Self, by card: Unverified<NodeCard>
  ) throws(ModelError) -> DirectoryHeadRelation {
    let (new, old) = (try claim(), try known.claim())
    if new.beganAt == old.beganAt {
      if new.size == old.size {
        if new.root == old.root { return .same }
        // In one order, whoever finds it.
        let isAfter = old.root.lexicographicallyPrecedes(new.root)
        return .contradictory(
          isAfter ? DirectoryEvidence(known, self, by: card) : DirectoryEvidence(self, known, by: card))
      }
      return new.size < old.size
        ? .ofOtherSize(lesser: self, greater: known) : .ofOtherSize(lesser: known, greater: self)
    }
    if new.beganAt > old.beganAt {
      return DirectoryEvidence.isOverlap(old, new) ? .contradictory(DirectoryEvidence(known, self, by: card)) : .anew
    }
    return DirectoryEvidence.isOverlap(new, old) ? .contradictory(DirectoryEvidence(self, known, by: card)) : .outdated
  }
}

internal import Crypto
public import TLSPresentation

/// A commit that stands, and what shows that it does.
///
/// ```
/// struct {
///   uint64 epoch;
///   uint64 proposed_at;
///   opaque commit<V>;
///   opaque group_info<V>;
///   CommitProof proof;
/// } RoomCommit;
/// ```
public struct RoomCommit: Hashable, Sendable, TLSCodable {
  /// The epoch that the commit ends.
  public var epoch: UInt64
  /// When it was first proposed, by that node's clock: at this moment its dates are judged, whenever it comes.
  public var proposedAt: Timestamp
  /// An MLSMessage that holds a PublicMessage.
  public var commit: [UInt8]
  /// An MLSMessage that holds the new epoch's GroupInfo, without the tree, signed by the committer.
  public var groupInfo: [UInt8]
  public var proof: CommitProof

  public init(epoch: UInt64, proposedAt: Timestamp, commit: [UInt8], groupInfo: [UInt8], proof: CommitProof) {
    self.epoch = epoch
    self.proposedAt = proposedAt
    self.commit = commit
    self.groupInfo = groupInfo
    self.proof = proof
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    epoch = try decoder.read()
    proposedAt = try decoder.read()
    commit = try decoder.readOpaque(bound: Limits.commitBytesMax)
    groupInfo = try decoder.readOpaque(bound: Limits.commitBytesMax)
    proof = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(epoch)
    encoder.write(proposedAt)
    encoder.write(opaque: commit)
    encoder.write(opaque: groupInfo)
    encoder.write(proof)
  }

  /// What is voted for: SHA-256 of `struct { uint64 proposed_at; opaque commit<V>; opaque group_info<V>; }`, 32 bytes.
  public var digest: [UInt8] { Self.digest(proposedAt: proposedAt, commit: commit, groupInfo: groupInfo) }

  /// ``digest`` of a commit that does not stand yet.
  public static func digest(proposedAt: Timestamp, commit: [UInt8], groupInfo: [UInt8]) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: commit.count + groupInfo.count + 24)
    encoder.write(proposedAt)
    encoder.write(opaque: commit)
    encoder.write(opaque: groupInfo)
    return Array(SHA256.hash(data: encoder.bytes))
  }
}

/// How a node learns of a room that a commit brought to it, and hands it to those of its members who were added.
///
/// `struct { opaque welcome<V>; opaque group_info<V>; opaque ratchet_tree<V>; Address added<V>; } RoomWelcome;`
public struct RoomWelcome: Hashable, Sendable, TLSCodable {
  /// An MLSMessage that holds a Welcome, without the tree.
  public var welcome: [UInt8]
  /// An MLSMessage that holds the GroupInfo of the epoch that the welcome opens.
  public var groupInfo: [UInt8]
  /// The encoding of that epoch's ratchet tree; empty towards a device, which asks its node for it.
  public var ratchetTree: [UInt8]
  /// Whom the welcome is for, at the node it goes to.
  public var added: [Address]

  public init(welcome: [UInt8], groupInfo: [UInt8], ratchetTree: [UInt8], added: [Address]) {
    self.welcome = welcome
    self.groupInfo = groupInfo
    self.ratchetTree = ratchetTree
    self.added = added
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    welcome = try decoder.readOpaque(bound: Limits.envelopePayloadBytesMax)
    groupInfo = try decoder.readOpaque(bound: Limits.commitBytesMax)
    ratchetTree = try decoder.readOpaque(bound: Limits.envelopePayloadBytesMax)
    added = try decoder.readVector(bound: Limits.roomMembersMax * 98)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: welcome)
    encoder.write(opaque: groupInfo)
    encoder.write(opaque: ratchetTree)
    encoder.write(vector: added)
  }
}

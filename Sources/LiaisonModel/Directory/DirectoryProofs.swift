internal import MerkleLog
public import TLSPresentation

/// Shows that an entry is in a directory log (RFC 9162 §2.1.3).
public struct DirectoryInclusion: Hashable, Sendable {
  /// The entry's place, from 0.
  public var index: UInt64
  /// Hashes of 32 bytes, from the leaf upwards; at most 64.
  public var path: [[UInt8]]

  public init(index: UInt64, path: [[UInt8]]) {
    self.index = index
    self.path = path
  }

  /// Throws ``ModelError/mismatch(_:)`` where the record is not at that place of the log under this head.
  public func check(_ record: DirectoryRecord, under head: DirectoryHead) throws(ModelError) {
    let proof = path.compactMap { MerkleHash($0) }
    guard proof.count == path.count, let root = MerkleHash(head.root),
      (try? MerkleProof.verifyInclusion(
        leafHash: .leaf(record.tlsEncoded), index: index, size: head.size, proof: proof, root: root)) != nil
    else { throw .mismatch("the proof does not lead from the card to the directory's signed head") }
  }

  /// The same for a member's card.
  public func check(_ card: Unverified<MemberCard>, of address: Address, under head: DirectoryHead) throws(ModelError) {
    try check(DirectoryEntry.card(card).record(of: address), under: head)
  }
}

/// What a log's own node says of the log when it was shorter: its root then, and what leads from there to the root of a
/// later time (RFC 9162 §2.1.4).
///
/// `struct { opaque root[32]; opaque path<V>; } DirectoryContinuation;`
public struct DirectoryContinuation: Hashable, Sendable, TLSCodable {
  /// The root over as many entries as the lesser head has, 32 bytes.
  public var root: [UInt8]
  /// Hashes of 32 bytes; at most 64.
  public var path: [[UInt8]]

  public init(root: [UInt8], path: [[UInt8]]) {
    self.root = root
    self.path = path
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    root = try decoder.read(fixed: 32)
    var hashes = try decoder.readVectorContent(bound: 64 * 32)
    path = []
    while !hashes.isAtEnd { path.append(try hashes.read(fixed: 32)) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(fixed: root)
    encoder.write(opaque: path.flatMap { $0 })
  }

  /// What a continuation shows of two heads of one log.
  public enum Verdict: Sendable {
    /// The longer one begins with the shorter one.
    case continues
    /// The longer one begins with something else: no honest node signs both.
    case contradicts(DirectoryEvidence)
    /// It shows nothing.
    case nothing
  }

  /// What this shows of two heads of one log, of which the first has fewer entries. Both were verified when they came; the
  /// node's card goes into what proves a lie.
  public func verdict(
    lesser: Unverified<DirectoryHead>, greater: Unverified<DirectoryHead>, by card: Unverified<NodeCard>
  ) -> Verdict {
    guard let (first, second) = try? (lesser.claim(), greater.claim()) else { return .nothing }
    // Everything begins with nothing.
    if first.size == 0 { return .continues }
    guard leads(from: first.size, to: second) else { return .nothing }
    return root == first.root ? .continues : .contradicts(DirectoryEvidence(lesser, greater, self, by: card))
  }

  /// Whether ``root`` is that of the first `size` entries of the log under `head`.
  func leads(from size: UInt64, to head: DirectoryHead) -> Bool {
    let proof = path.compactMap { MerkleHash($0) }
    guard size < head.size, proof.count == path.count, let first = MerkleHash(root),
      let second = MerkleHash(head.root)
    else { return false }
    return
      (try? MerkleProof.verifyConsistency(
        firstSize: size, secondSize: head.size, proof: proof, firstRoot: first, secondRoot: second)) != nil
  }
}

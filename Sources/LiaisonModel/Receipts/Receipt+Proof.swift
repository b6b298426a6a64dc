internal import MerkleLog
internal import TLSPresentation

extension ReceiptBatch {
  /// Signs one statement for envelopes that are on disk, and gives each its proof, in their order.
  /// `leaves` are at least one.
  public static func sign(
    _ leaves: [ReceiptLeaf], holder: Handle, origin: Handle, heldAt: Timestamp, by key: SigningKey<NodePurpose>
  ) -> [Receipt] {
    let tree = MerkleTree(leafHashes: leaves.map { MerkleHash.leaf($0.tlsEncoded) })
    let batch = Signed(
      ReceiptBatch(
        holder: holder, origin: origin, heldAt: heldAt, count: UInt32(leaves.count), root: tree.root.bytes), by: key)
    return leaves.enumerated().map { index, leaf in
      // Every index below the tree's size has a proof.
      let path = (try? tree.inclusionProof(index: index, size: leaves.count)) ?? []
      return Receipt(batch: batch.unverified, leaf: leaf, index: UInt32(index), path: path.map(\.bytes))
    }
  }
}

extension Receipt {
  /// The batch's statement, where one of the holder's node keys signed it and the path leads to its root.
  public func verified(by holder: Signed<NodeCard>) throws(ModelError) -> ReceiptBatch {
    let batch = try batch.verified(by: holder).content
    try checkPath(to: batch)
    return batch
  }

  /// Throws ``ModelError/mismatch(_:)`` where the envelope is not in the batch.
  public func checkPath(to batch: ReceiptBatch) throws(ModelError) {
    let proof = path.compactMap { MerkleHash($0) }
    guard proof.count == path.count, let root = MerkleHash(batch.root),
      (try? MerkleProof.verifyInclusion(
        leafHash: .leaf(leaf.tlsEncoded), index: UInt64(index), size: UInt64(batch.count), proof: proof, root: root))
        != nil
    else { throw .mismatch("the receipt's path does not lead to what was signed") }
  }
}

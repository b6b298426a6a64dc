package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol
internal import MerkleLog
internal import TLSPresentation

/// A directory log that a liar keeps with a real node's key, as it likes.
package struct LyingDirectory {
  package let mask: SimulatedNode
  private var tree = MerkleTree()
  package var beganAt: Timestamp

  /// A log of no entries, begun at that time.
  package init(_ mask: SimulatedNode, beganAt: Timestamp) {
    self.mask = mask
    self.beganAt = beganAt
  }

  /// Enters a card of a member with a device of the liar's.
  @discardableResult
  package mutating func add(_ member: String, in region: Region) throws -> Unverified<MemberCard> {
    let address = try Address(member: member, handle: mask.handle)
    let device = MemberCard.Device(
      identifier: DeviceIdentifier(using: &region.random), signatureKey: SigningKey().publicKey)
    let card = Signed(
      try MemberCard(
        address: address, name: member, discipline: .cyber, role: "", devices: [device], serial: 7,
        issuedAt: region.now, expiresAt: region.now.adding(milliseconds: 86_400_000)), by: mask.nodeKey
    ).unverified
    tree.append(.leaf(DirectoryEntry.card(card).record(of: address).tlsEncoded))
    return card
  }

  /// What it signs, with another key where one is given.
  package func head(signedAt: Timestamp, by key: SigningKey<NodePurpose>? = nil) -> Unverified<DirectoryHead> {
    Signed(
      DirectoryHead(
        handle: mask.handle, beganAt: beganAt, size: UInt64(tree.size), root: tree.root.bytes, signedAt: signedAt),
      by: key ?? mask.nodeKey
    ).unverified
  }

  /// The head as it is told.
  package func heads(signedAt: Timestamp) -> Frame.Body {
    .directoryHeads(Frame.DirectoryHeads(heads: [head(signedAt: signedAt)]))
  }

  /// What shows that an entry is in it.
  package func inclusion(_ index: Int) throws -> DirectoryInclusion {
    DirectoryInclusion(
      index: UInt64(index), path: try tree.inclusionProof(index: index, size: tree.size).map(\.bytes))
  }

  /// What shows how it goes on from a size.
  package func continuation(from size: Int) throws -> DirectoryContinuation {
    DirectoryContinuation(
      root: try tree.root(size: size).bytes,
      path: try tree.consistencyProof(from: size, to: tree.size).map(\.bytes))
  }
}

extension SimulatedNode {
  /// What its administrators see of directories.
  package func directories() throws -> DirectoryStatus {
    guard case .directory(let status) = try administer(.directory) else { throw SimulationError("no directories") }
    return status
  }
}

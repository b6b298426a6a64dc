internal import LiaisonModel
internal import LiaisonProtocol

/// Finding members.
extension Batch {
  /// A device looks for a member anywhere, or for text among this node's own.
  mutating func answer(_ query: Frame.DirectoryQuery, _ request: UInt64, on link: LinkID) throws {
    switch query {
    case .address(let address) where address.handle != handle:
      try relay(.directoryQuery(query), .member(address), to: address.handle, for: request, on: link)
    case .address(let address): answer(request, .directoryAnswer(try cards(of: address)), on: link)
    case .text(let text):
      let members = try store.searchMembers(text, limit: Limits.directoryResultsMax)
      answer(request, .directoryAnswer(members.compactMap(\.card)), on: link)
    }
  }

  /// A peer asks for one of this node's members by address; the whole list is not its business.
  mutating func answer(
    _ query: Frame.DirectoryQuery, from peer: Handle, on link: LinkID, _ request: UInt64
  ) throws {
    try permit(.directory, with: peer)
    guard case .address(let address) = query, address.handle == handle else {
      throw Frame.Failure.notPermitted("a node answers peers for its own members, one address at a time")
    }
    answer(request, .directoryAnswer(try isFound(address, by: peer) ? cards(of: address) : []), on: link)
  }

  private func cards(of address: Address) throws -> [Unverified<MemberCard>] {
    guard let member = try store.member(address), member.revocation == nil, let card = member.card else { return [] }
    return [card]
  }
}

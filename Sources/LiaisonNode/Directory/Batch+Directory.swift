internal import LiaisonModel
internal import LiaisonProtocol

/// Finding members.
extension Batch {
  /// A device looks for a member anywhere, for people in every active country, or for what they say of one another.
  mutating func answer(_ query: Frame.DirectoryQuery, _ request: UInt64, on link: LinkID) throws {
    switch query {
    case .address(let address) where address.handle != handle:
      try relay(.directoryQuery(query), .member(address), to: address.handle, for: request, on: link)
    case .address(let address): answer(request, .directoryAnswer(try proven(found(address))), on: link)
    case .text(let text, let filter): answer(request, .directoryAnswer(try found(text, filter)), on: link)
    case .vouches(let address): answer(request, .directoryAnswer(try vouches(of: address)), on: link)
    case .ways(let address):
      guard let asker = memory.links.devices[link]?.address else { return }
      answer(request, .directoryAnswer(try ways(from: asker, to: address)), on: link)
    case .page: throw Violation("a device asks for a page of the directory")
    }
  }

  /// A peer asks for one of this node's members by address, or for a page of what is published to it.
  mutating func answer(
    _ query: Frame.DirectoryQuery, from peer: Handle, on link: LinkID, _ request: UInt64
  ) throws {
    if case .page(let position) = query { return try publish(from: position, to: peer, request, on: link) }
    try permit(.directory, with: peer)
    guard case .address(let address) = query, address.handle == handle else {
      throw Frame.Failure.notPermitted("a node answers peers for its own members, one address at a time")
    }
    var found = try proven(try isFound(address, by: peer) ? found(address) : [])
    let disciplines = peers[peer]?.policy.disciplines ?? []
    found.people.entries = try found.people.entries.filter { try isPublished($0, disciplines) }
    answer(request, .directoryAnswer(found), on: link)
  }

  private func found(_ address: Address) throws -> [MemberRecord] {
    guard let member = try store.member(address), member.revocation == nil else { return [] }
    return [member]
  }

  private func found(_ text: String, _ filter: Frame.PeopleFilter) throws -> Frame.DirectoryAnswer {
    var search = PeopleSearch(PeopleWords(text), hidden: try hiddenDirectories, at: now)
    search.discipline = filter.discipline
    search.language = filter.language?.primary
    if filter.isStale { search.confirmedUntil = now.subtracting(milliseconds: Limits.personEntryMilliseconds) }
    if let country = filter.country { search.nodes = nodes(of: country) }
    let found = try store.searchPeople(search, limit: Limits.directoryResultsMax)
    return Frame.DirectoryAnswer(
      cards: found.people.map(\.card), people: Frame.People(entries: found.people.compactMap(\.entry)),
      hasMore: found.hasMore)
  }

  /// Those of a country that is named by its two letters, or the one of this handle.
  private func nodes(of country: String) -> [Handle] {
    let cards = [identity.card] + peers.peers.values.map(\.card)
    return cards.map(\.content).filter {
      $0.handle.description == country.lowercased() || $0.country == country.uppercased()
    }.map(\.handle)
  }

  /// What a device is given of another country's answer about a member: the card, where it is proven to be in that
  /// country's directory under a head that contradicts nothing which was seen of it, and otherwise a refusal. Nothing of
  /// an answer that is not proven is kept.
  mutating func proven(_ found: Frame.DirectoryAnswer, of address: Address) throws -> Frame.Body {
    let country = address.handle
    guard let card = peers[country]?.card else { return .directoryAnswer(Frame.DirectoryAnswer()) }
    do {
      let (cards, head) = try found.verified(by: card)
      guard cards.count <= 1, cards.allSatisfy({ $0.content.address == address }) else {
        throw ModelError.mismatch("the answer is about somebody else")
      }
      if let head, try !see(head, from: country) {
        return .failure(
          .unavailable(
            "\(country) answered under a directory that does not fit what was seen of it; see your contact point"))
      }
      let entry = cards.first.flatMap { card in
        found.people.entries.prefix(1).first { (try? $0.verified(by: card.content)) != nil }
      }
      return .directoryAnswer(
        Frame.DirectoryAnswer(
          cards: found.cards, head: found.head, inclusions: found.inclusions,
          people: Frame.People(entries: [entry].compactMap(\.self))))
    } catch let error as ModelError {
      try noteUnproven(country, error)
      return .failure(.unavailable("the answer of \(country) is not proven to be in its directory, and is not used"))
    }
  }

  /// What an administrator sees of directories.
  mutating func directoryStatus() throws -> DirectoryStatus {
    DirectoryStatus(
      own: try directoryHead(), countries: try knownDirectories(), evidence: try knownEvidence())
  }
}

internal import LiaisonModel
internal import LiaisonProtocol

/// Finding members.
extension Batch {
  /// A device looks for a member anywhere, for people in every active country, or for what they say of one another.
  mutating func answer(_ query: Frame.DirectoryQuery, _ request: UInt64, on link: LinkID) throws {
    switch query {
    case .address(let address) where address.handle != handle:
      try relay(.directoryQuery(query), .member(address), to: address.handle, for: request, on: link)
    case .address(let address): answer(request, .directoryAnswer(try found(address)), on: link)
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
    answer(
      request, .directoryAnswer(try isFound(address, by: peer) ? found(address) : Frame.DirectoryAnswer()), on: link)
  }

  private func found(_ address: Address) throws -> Frame.DirectoryAnswer {
    guard let member = try store.member(address), member.revocation == nil, let card = member.card else {
      return Frame.DirectoryAnswer()
    }
    let entry = try store.person(address)?.entry
    return Frame.DirectoryAnswer(cards: [card], people: Frame.People(entries: [entry].compactMap(\.self)))
  }

  private func found(_ text: String, _ filter: Frame.PeopleFilter) throws -> Frame.DirectoryAnswer {
    var search = PeopleSearch(PeopleWords(text), hidden: try hiddenDirectories, at: now)
    search.discipline = filter.discipline
    search.language = filter.language?.primary
    if filter.isStale { search.confirmedUntil = now.subtracting(milliseconds: Limits.personEntryMilliseconds) }
    if let country = filter.country { search.nodes = nodes(of: country) }
    let people = try store.searchPeople(search, limit: Limits.directoryResultsMax + 1)
    let shown = people.prefix(Limits.directoryResultsMax)
    return Frame.DirectoryAnswer(
      cards: shown.map(\.card), people: Frame.People(entries: shown.compactMap(\.entry)),
      hasMore: people.count > shown.count)
  }

  /// Those of a country that is named by its two letters, or the one of this handle.
  private func nodes(of country: String) -> [Handle] {
    let cards = [identity.card] + peers.peers.values.map(\.card)
    return cards.map(\.content).filter {
      $0.handle.description == country.lowercased() || $0.country == country.uppercased()
    }.map(\.handle)
  }

  /// Of the answer to a question about one member, what is of that member and of their node.
  func part(of answer: Frame.DirectoryAnswer, about address: Address) -> Frame.DirectoryAnswer {
    let cards = answer.cards.filter { isCard($0, of: address) }
    guard let card = try? cards.first?.claim() else { return Frame.DirectoryAnswer() }
    let entry = answer.people.entries.first { (try? $0.verified(by: card)) != nil }
    return Frame.DirectoryAnswer(cards: cards, people: Frame.People(entries: [entry].compactMap(\.self)))
  }
}

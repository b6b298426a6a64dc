internal import LiaisonModel
internal import LiaisonProtocol

/// Copies of what peers publish of their members, verified card by card, so that people are found at once and also while
/// a country is away (people.md).
extension Batch {
  /// Nodes of whose members there are copies that are not shown: they are not active, or nobody is to be looked up there.
  var hiddenDirectories: [Handle] {
    get throws { try store.directoryCopies().map(\.peer).filter { !isShown($0) } }
  }

  /// Whether people of a node are shown.
  func isShown(_ node: Handle) -> Bool {
    node == handle || peers.isActive(node) && (try? peers.permit(.directory, with: node, at: nil)) != nil
  }

  /// Asks the peers whose directories are due.
  mutating func pullDirectories() throws {
    for peer in memory.directories.takeDue(at: now) {
      guard let link = memory.links.peers[peer]?.link, isShown(peer) else { continue }
      if memory.directories.pulling.contains(peer) {
        memory.directories.plan(peer, at: now.adding(milliseconds: Limits.directoryHintMilliseconds))
      } else {
        try askForPage(of: peer, on: link)
      }
    }
  }

  private mutating func askForPage(of peer: Handle, on link: LinkID) throws {
    guard memory.directories.takeQuestion(to: peer, at: now) else {
      return memory.directories.plan(peer, at: now.adding(milliseconds: Limits.directoryHintMilliseconds))
    }
    let copy = try store.directoryCopy(of: peer)
    let number = memory.relays.insert(
      Relays.Relay(
        peer: link, kind: .directory(peer), asker: link, request: 0,
        expiresAt: now.adding(milliseconds: Limits.relayMillisecondsMax)))
    memory.directories.pulling.insert(peer)
    let position = Frame.DirectoryPosition(version: copy?.version ?? [], since: copy?.since ?? 0)
    send(Frame(request: number, .directoryQuery(.page(position))), on: link)
  }

  /// A page did not come: a peer that does not publish, or not now, is asked again as seldom as any other.
  mutating func endPull(of peer: Handle, isPassing: Bool) {
    memory.directories.pulling.remove(peer)
    let wait = isPassing ? Limits.redialMillisecondsMax : Limits.directoryPullMilliseconds
    memory.directories.plan(peer, at: now.adding(milliseconds: wait))
  }

  /// Takes the answer to a question for a page.
  mutating func take(_ answer: Frame.DirectoryAnswer, ofDirectoryOf peer: Handle, on link: LinkID) throws {
    memory.directories.pulling.remove(peer)
    guard let page = answer.page else { throw Violation("an answer to a question for a page that is none") }
    guard let nodeCard = peers[peer]?.card, isShown(peer) else { return }
    let bytes = try answer.pageBytes()
    // As it was asked for: one page at a time.
    var copy = try store.directoryCopy(of: peer) ?? DirectoryCopy(peer: peer)
    if page.isFirst {
      guard page.version != copy.version || page.next < copy.since else {
        throw Violation("a directory that begins anew without a reason")
      }
      // Whoever begins anew before the end goes on with the count, so that nothing comes without an end.
      copy = DirectoryCopy(
        peer: peer, version: page.version, round: copy.round + 1, people: copy.isWhole ? 0 : copy.people)
    } else {
      guard page.version == copy.version else { throw Violation("a page of another directory than was asked for") }
    }
    guard page.next > copy.since || page.isLast && page.next == copy.since else {
      throw Violation("a page of a directory that leads nowhere")
    }
    copy.since = page.next
    // A page on which there is nobody counts too, and one with much about few as if it were of many.
    let bytesEach = Limits.directoryPageBytes / Limits.directoryPagePeople
    copy.people += UInt64(max(1, answer.cards.count + page.gone.count, bytes / bytesEach))
    for address in page.gone where address.handle == peer { try store.removePerson(address) }
    try take(answer, from: nodeCard, round: copy.round)
    if page.isLast {
      copy.isWhole = true
      memory.directories.leftovers.insert(peer)
      memory.directories.plan(peer, at: now.adding(milliseconds: Limits.directoryPullMilliseconds))
    }
    if copy.people > UInt64(Limits.directoryCopiesPerPeerMax) {
      // It begins anew with the next question: what was changed often enough comes to this too. What came in this round
      // stays until then, and nothing of earlier ones.
      if !page.isLast { complain(of: peer, "the peer publishes more members than are copied") }
      copy.version = []
      copy.isWhole = true
      memory.directories.leftovers.insert(peer)
      memory.directories.plan(peer, at: now.adding(milliseconds: Limits.directoryPullMilliseconds))
    }
    try store.save(copy)
    if !page.isLast, !copy.version.isEmpty { try askForPage(of: peer, on: link) }
  }

  private mutating func take(
    _ answer: Frame.DirectoryAnswer, from nodeCard: Signed<NodeCard>, round: UInt64
  ) throws {
    func grouped<Content: MemberStatement>(_ statements: [Unverified<Content>]) -> [Address: [Unverified<Content>]] {
      var groups: [Address: [Unverified<Content>]] = [:]
      for statement in statements {
        if let member = try? statement.claim().member { groups[member, default: []].append(statement) }
      }
      return groups
    }
    let entries = grouped(answer.people.entries)
    let (vouches, revocations) = (grouped(answer.people.vouches), grouped(answer.people.revocations))
    for unverified in answer.cards {
      guard let card = try? unverified.verified(by: nodeCard), (try? card.checkInForce(at: now)) != nil else {
        complain(of: nodeCard.content.handle, "the peer publishes members whose cards are not valid")
        continue
      }
      let address = card.content.address
      let known = try store.person(address)
      // Of two valid ones the higher serial counts, for cards and for entries.
      if let known = known?.card, let claim = try? known.claim(), claim.serial > card.content.serial,
        (try? known.verified(by: nodeCard)) != nil
      {
        continue
      }
      let entry = ((entries[address] ?? []).prefix(1) + [known?.entry].compactMap(\.self))
        .compactMap { try? $0.verified(by: card.content) }
        .filter { (try? $0.content.checkDate(at: now)) != nil && $0.content.serial < UInt64(Int64.max) }
        .max { $0.content.serial < $1.content.serial }
      try store.savePerson(card, entry, round: round)
      try take(vouches[address] ?? [], revocations[address] ?? [], of: card.content)
    }
  }

  /// Takes what a peer's member says now of others. What they have taken back stays taken back.
  private func take(
    _ vouches: [Unverified<Vouch>], _ revocations: [Unverified<VouchRevocation>], of card: MemberCard
  ) throws {
    var room = 4 * Limits.vouchRowsPerMemberMax
    if !revocations.isEmpty { room -= try store.vouches(by: card.address, limit: room).count }
    for unverified in revocations.prefix(Limits.vouchRowsPerMemberMax) {
      guard let revocation = try? unverified.verified(by: card), now < revocation.content.expiresAt,
        (try? revocation.content.checkDate(at: now)) != nil
      else { continue }
      let known = try store.vouch(revocation.content.identifier, of: card.address)
      guard known?.revocation == nil, known != nil || room > 0 else { continue }
      room -= 1
      var record = VouchRecord(revocation)
      record.expiresAt = max(record.expiresAt, known?.expiresAt ?? record.expiresAt)
      try store.save(record)
    }
    var kept: Set<VouchIdentifier> = []
    for unverified in vouches.prefix(Limits.vouchesPerMemberMax) {
      guard let vouch = try? unverified.verified(by: card), now < vouch.content.expiresAt,
        try store.vouch(vouch.content.identifier, of: card.address)?.revocation == nil
      else { continue }
      try store.save(VouchRecord(vouch))
      kept.insert(vouch.content.identifier)
    }
    try store.removeVouches(of: card.address, but: kept)
  }

  /// Removes some of what peers no longer publish, and what revoked ones did.
  mutating func removeLeftovers() throws {
    guard let peer = memory.directories.leftovers.min() else { return }
    let isRevoked = peers[peer].map { $0.standing == .revoked } ?? true
    let copy = try store.directoryCopy(of: peer)
    // Where it began anew meanwhile, those who have not come again yet stay until its end.
    guard isRevoked || copy?.isWhole == true else {
      memory.directories.leftovers.remove(peer)
      return
    }
    let round = isRevoked ? UInt64(Int64.max) : copy?.round ?? 0
    let limit = Housekeeping.rowsMax / 4
    guard try store.removePeople(of: peer, beforeRound: round, limit: limit) < limit else { return }
    memory.directories.leftovers.remove(peer)
    if isRevoked { try store.removeDirectoryCopy(of: peer) }
  }

  /// Looks which copies have leftovers.
  mutating func findLeftovers() throws {
    for copy in try store.directoryCopies() where copy.isWhole || peers[copy.peer]?.standing == .revoked {
      memory.directories.leftovers.insert(copy.peer)
    }
  }
}

extension Frame.DirectoryAnswer {
  /// How many bytes a page's statements have. Throws `Violation` where it is larger than any honest one (people.md).
  fileprivate func pageBytes() throws -> Int {
    let lengths =
      cards.map(\.statement.count) + people.entries.map(\.statement.count) + people.vouches.map(\.statement.count)
      + people.revocations.map(\.statement.count)
    let bytes = lengths.reduce(0, +)
    guard cards.count <= Limits.directoryPagePeople, lengths.count <= Limits.directoryPageStatementsMax,
      bytes <= Limits.directoryPageBytesMax
    else { throw Violation("a page of a directory that is too large") }
    return bytes
  }
}

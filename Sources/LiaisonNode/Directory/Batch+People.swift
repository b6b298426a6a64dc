internal import LiaisonModel
internal import LiaisonProtocol

/// What members of this node say of themselves and of others.
extension Batch {
  /// Keeps a statement of a device's member. The same again is done already.
  mutating func take(_ statement: Frame.MemberStatement, by device: DeviceIdentifier, of address: Address) throws {
    guard let member = try store.member(address), member.revocation == nil else {
      throw Frame.Failure.notPermitted("this member was revoked")
    }
    let isNew =
      switch statement {
      case .entry(let entry): try take(signed(entry, by: device))
      case .vouch(let vouch): try take(signed(vouch, by: device))
      case .revocation(let revocation): try take(signed(revocation, by: device))
      }
    if isNew { memory.directories.isChanged = true }
  }

  /// What a device brings, where it is the one that says it, for its own member.
  func signed<Content: MemberStatement>(
    _ statement: Unverified<Content>, by device: DeviceIdentifier
  ) throws -> Signed<Content> {
    guard let record = try store.device(device), let claim = try? statement.claim(), claim.member == record.address,
      claim.device == device, let statement = try? statement.verified(by: record.signatureKey)
    else { throw Frame.Failure.malformed("the \(Content.label) is not signed by this device for its member") }
    return statement
  }

  /// Forgets what a member's device said that is removed. What it took back stays taken back.
  func forgetStatements(by device: DeviceIdentifier, of address: Address) throws {
    if let entry = try store.person(address)?.entry, (try? entry.claim().device) == device {
      try store.removePersonEntry(of: address)
    }
    let others = try store.vouches(by: address, limit: Limits.vouchRowsPerMemberMax).filter {
      (try? $0.vouch?.claim().device) != device
    }
    try store.removeVouches(of: address, but: Set(others.map(\.identifier)))
  }

  /// Whether it was new, here and below.
  private func take(_ entry: Signed<PersonEntry>) throws -> Bool {
    let content = entry.content
    do { try content.checkDate(at: now) } catch { throw Frame.Failure.malformed(error.sentence) }
    guard content.serial < UInt64(Int64.max) else { throw Frame.Failure.malformed("this serial is out of range") }
    if let known = try store.person(content.address)?.entry {
      if known == entry.unverified { return false }
      guard try known.claim().serial < content.serial else {
        throw Frame.Failure.conflict("another device of yours has said something newer; look at it, and say it again")
      }
    }
    try store.savePersonEntry(entry)
    return true
  }

  private func take(_ vouch: Signed<Vouch>) throws -> Bool {
    let content = vouch.content
    guard content.madeAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax), now < content.expiresAt else {
      throw Frame.Failure.malformed("a vouch holds from now on, and has not ended")
    }
    if let known = try store.vouch(content.identifier, of: content.voucher) {
      guard known.revocation == nil else { throw Frame.Failure.conflict("this vouch was taken back") }
      guard known.vouch == vouch.unverified else { throw Frame.Failure.conflict("there is another vouch of this name") }
      return false
    }
    let rows = try store.vouches(by: content.voucher, limit: Limits.vouchRowsPerMemberMax)
    guard rows.count(where: { $0.vouch != nil }) < Limits.vouchesPerMemberMax else {
      throw Frame.Failure.limit("a member has at most \(Limits.vouchesPerMemberMax) vouches; take one back first")
    }
    guard rows.count < Limits.vouchRowsPerMemberMax else {
      throw Frame.Failure.limit("too many vouches were taken back; wait until some of them would have ended")
    }
    try store.save(VouchRecord(vouch))
    try store.notePersonChange(content.voucher)
    return true
  }

  private func take(_ revocation: Signed<VouchRevocation>) throws -> Bool {
    let content = revocation.content
    do { try content.checkDate(at: now) } catch { throw Frame.Failure.malformed(error.sentence) }
    guard let known = try store.vouch(content.identifier, of: content.voucher) else {
      throw Frame.Failure.unknown("there is no such vouch, or it has ended")
    }
    guard known.revocation == nil else { return false }
    var record = VouchRecord(revocation)
    // Until the vouch itself has ended, whatever is said here.
    record.expiresAt = max(known.expiresAt, content.expiresAt)
    try store.save(record)
    try store.notePersonChange(content.voucher)
    return true
  }

  // MARK: Vouches for devices

  /// Vouches by and about a member, with the cards of all of them.
  func vouches(of address: Address) throws -> Frame.DirectoryAnswer {
    let records =
      try store.vouches(by: address, limit: Limits.vouchRowsPerMemberMax)
      + store.vouches(about: address, limit: Limits.vouchesPerAnswerMax)
    return try answer(records, besides: [address])
  }

  /// Vouches on ways from a member to another one: those whom the member vouches for, those whom these do, and so on. So
  /// nobody comes between whom none of them knows, however many vouch for the other.
  func ways(from start: Address, to end: Address) throws -> Frame.DirectoryAnswer {
    var found: [VouchEdge] = []
    // Asked of each country once, and not of each vouch.
    var standing: [Handle: Bool] = [:]
    func shown(_ node: Handle) -> Bool {
      if let known = standing[node] { return known }
      standing[node] = isShown(node)
      return standing[node] ?? false
    }
    var (visited, open): (Set<Address>, [Address]) = ([start], [start])
    for _ in 0..<VouchPaths.hopsMax {
      var next: [Address] = []
      for address in open where found.count < Limits.vouchesVisitedMax {
        for edge in try store.vouchEdges(by: address, at: now, limit: Limits.vouchesPerMemberMax)
        where shown(edge.subject.handle) {
          found.append(edge)
          if edge.subject != end, visited.count < Limits.vouchersVisitedMax, visited.insert(edge.subject).inserted {
            next.append(edge.subject)
          }
        }
      }
      open = next.sorted()
    }
    let onTheWay = VouchPaths.onTheWay(from: start, to: end, over: found.map { ($0.voucher, $0.subject) })
    let records = try onTheWay.prefix(Limits.vouchesPerAnswerMax).compactMap { position in
      try store.vouch(found[position].identifier, of: found[position].voucher)
    }
    return try answer(records, besides: [start, end])
  }

  private func answer(_ records: [VouchRecord], besides: [Address]) throws -> Frame.DirectoryAnswer {
    var answer = Frame.DirectoryAnswer()
    var people = Set(besides)
    for record in records where isShown(record.voucher.handle) && record.subject.map({ isShown($0.handle) }) ?? true {
      if let vouch = record.vouch { answer.people.vouches.append(vouch) }
      if let revocation = record.revocation { answer.people.revocations.append(revocation) }
      people.insert(record.voucher)
      if let subject = record.subject { people.insert(subject) }
    }
    for address in people.sorted() where isShown(address.handle) {
      guard let person = try store.person(address) else { continue }
      answer.cards.append(person.card)
      if let entry = person.entry { answer.people.entries.append(entry) }
    }
    return answer
  }
}

internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonTrust
internal import TLSPresentation

/// What this node publishes of its members to a peer (people.md).
extension Batch {
  /// Gives the page after a position. Which members are on it, the policy for the peer says.
  mutating func publish(
    from position: Frame.DirectoryPosition, to peer: Handle, _ request: UInt64, on link: LinkID
  ) throws {
    guard link != .bundle else { throw Frame.Failure.notPermitted("no pages of the directory go in bundles") }
    guard let policy = peers[peer]?.policy else { throw Frame.Failure.notPermitted("not accepted") }
    let disciplines = published(by: policy)
    // Where nothing is published, that is said at any hour: it takes away what was.
    if !disciplines.isEmpty { try permit(.directory, with: peer) }
    guard memory.directories.takePage(peer, at: now) else {
      throw Frame.Failure.limit("too many pages of the directory are asked for at once")
    }
    let version = try version(of: disciplines)
    // To whom nobody is published, nothing says how many there are.
    let last = disciplines.isEmpty ? 0 : try store.lastPersonChange(of: handle)
    let isFirst = position.version != version || position.since > last
    var page = Frame.DirectoryPage(
      version: version, isFirst: isFirst, isLast: true, next: isFirst ? 0 : position.since, gone: [])
    var answer = Frame.DirectoryAnswer()
    if !disciplines.isEmpty {
      let changes = try store.personChanges(of: handle, after: page.next, limit: Limits.directoryPagePeople)
      page.isLast = changes.count < Limits.directoryPagePeople
      var bytes = 0
      for change in changes {
        guard bytes < Limits.directoryPageBytes, answer.statementCount < Limits.directoryPageStatements else {
          page.isLast = false
          break
        }
        page.next = change.number
        if let person = change.person, disciplines.contains(change.discipline) {
          bytes += try add(change.address, person, to: &answer, disciplines)
        } else if !disciplines.isDisjoint(with: change.formerDisciplines) {
          page.gone.append(change.address)
        }
      }
    }
    answer.page = page
    memory.directories.askers[peer] = link
    self.answer(request, .directoryAnswer(answer), on: link)
  }

  /// Adds a member, and says how many bytes that takes.
  private func add(
    _ address: Address, _ person: PersonRecord, to answer: inout Frame.DirectoryAnswer, _ disciplines: Set<Discipline>
  ) throws -> Int {
    answer.cards.append(person.card)
    var bytes = person.card.statement.count
    if let entry = person.entry, try isPublished(entry, disciplines) {
      answer.people.entries.append(entry)
      bytes += entry.statement.count
    }
    for record in try store.vouches(by: address, limit: Limits.vouchRowsPerMemberMax) where now < record.expiresAt {
      if let revocation = record.revocation {
        answer.people.revocations.append(revocation)
        bytes += revocation.statement.count
      }
      guard let vouch = record.vouch, let subject = record.subject else { continue }
      // Nor is a member published as somebody's acquaintance who is not published.
      if subject.handle == handle {
        guard let member = try store.member(subject), disciplines.contains(member.profile.discipline) else { continue }
      }
      answer.people.vouches.append(vouch)
      bytes += vouch.statement.count
    }
    return bytes
  }

  /// Whether an entry goes to peers who get members of these disciplines: not where it names as alternate a member of this
  /// node whom they do not get. It is signed as a whole, and held back as a whole.
  func isPublished(_ entry: Unverified<PersonEntry>, _ disciplines: Set<Discipline>) throws -> Bool {
    guard let alternate = try? entry.claim().alternate, alternate.handle == handle,
      let member = try store.member(alternate)
    else { return true }
    return disciplines.contains(member.profile.discipline)
  }

  /// The disciplines whose members a peer with this policy gets, at whatever hour.
  private func published(by policy: PeerPolicy) -> Set<Discipline> {
    guard policy.refusal(of: .directory, at: nil) == nil, policy.validUntil.map({ now < $0 }) ?? true else { return [] }
    return policy.disciplines
  }

  /// Names what is published as a whole: another store, or another policy, has another version.
  private mutating func version(of disciplines: Set<Discipline>) throws -> [UInt8] {
    var identifier = try store.directoryIdentifier() ?? []
    if identifier.isEmpty {
      identifier = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      try store.setDirectoryIdentifier(identifier)
    }
    var encoder = TLSEncoder()
    encoder.write(string: "Liaison 1 directory version")
    encoder.write(fixed: identifier)
    for discipline in disciplines.sorted(by: { $0.rawValue < $1.rawValue }) { encoder.write(discipline.rawValue) }
    return Array(SHA256.hash(data: encoder.bytes))
  }

  /// Tells peers who follow this node's directory that there is something new; those to whom nobody is published, that
  /// this may be otherwise now, and nothing of members.
  mutating func announceDirectory() {
    let (isDue, toAll) = memory.directories.takeAnnouncement(at: now)
    guard isDue else { return }
    for (peer, link) in memory.directories.askers.sorted(by: { $0.key < $1.key })
    where memory.links.peers[peer]?.link == link {
      guard toAll || peers[peer].map({ !published(by: $0.policy).isEmpty }) == true else { continue }
      send(Frame(.directoryChanged), on: link)
    }
  }
}

extension Frame.DirectoryAnswer {
  /// Statements each of which has a signature to be verified.
  var statementCount: Int {
    cards.count + people.entries.count + people.vouches.count + people.revocations.count
  }
}

package import LiaisonModel

/// A person of the directory, of this node or of a peer.
package struct PersonRecord: Hashable, Sendable {
  package var card: Unverified<MemberCard>
  package var entry: Unverified<PersonEntry>?

  /// A person as they are stored.
  package init(card: Unverified<MemberCard>, entry: Unverified<PersonEntry>?) {
    self.card = card
    self.entry = entry
  }
}

/// Who is looked for.
package struct PeopleSearch: Sendable {
  package var words: PeopleWords
  /// The nodes whose members are looked for; `nil` for all.
  package var nodes: [Handle]?
  /// Nodes whose members are not shown.
  package var hidden: [Handle]
  package var discipline: Discipline?
  /// A language's primary subtag.
  package var language: String?
  /// Those who confirmed their entries no later than this.
  package var confirmedUntil: Timestamp?
  /// Peers' members whose cards have ended by then are not shown.
  package var now: Timestamp

  /// A search by these words, of everybody.
  package init(_ words: PeopleWords, hidden: [Handle] = [], at now: Timestamp) {
    self.words = words
    self.hidden = hidden
    self.now = now
  }
}

/// Who was found.
package struct PeopleFound: Sendable {
  package var people: [PersonRecord]
  /// Whether there are others, or may be.
  package var hasMore: Bool

  /// What a store found.
  package init(people: [PersonRecord], hasMore: Bool) {
    self.people = people
    self.hasMore = hasMore
  }
}

/// One member of this node, as the directory that peers get last changed about them.
package struct PersonChange: Sendable {
  /// Counts the changes of all members.
  package var number: UInt64
  package var address: Address
  package var discipline: Discipline
  /// Every discipline that the member has had.
  package var formerDisciplines: Set<Discipline>
  /// `nil` where they are no member any more.
  package var person: PersonRecord?

  /// A change as it is stored.
  package init(
    number: UInt64, address: Address, discipline: Discipline, formerDisciplines: Set<Discipline>, person: PersonRecord?
  ) {
    self.number = number
    self.address = address
    self.discipline = discipline
    self.formerDisciplines = formerDisciplines
    self.person = person
  }
}

/// How far this node has a peer's directory.
package struct DirectoryCopy: Hashable, Sendable {
  package var peer: Handle
  /// 32 bytes; empty where there is nothing.
  package var version: [UInt8]
  package var since: UInt64
  /// Counts the times that the copy was begun: what an earlier one brought and this one did not is gone at its end.
  package var round: UInt64
  /// Whether the last page of this round came.
  package var isWhole: Bool
  /// How many people came in this round, those who came again counted again.
  package var people: UInt64

  /// A copy of nothing.
  package init(
    peer: Handle, version: [UInt8] = [], since: UInt64 = 0, round: UInt64 = 0, isWhole: Bool = false, people: UInt64 = 0
  ) {
    self.peer = peer
    self.version = version
    self.since = since
    self.round = round
    self.isWhole = isWhole
    self.people = people
  }
}

/// A vouch, or that it was taken back, or both at the moment when that is found out.
package struct VouchRecord: Sendable {
  package var identifier: VouchIdentifier
  package var voucher: Address
  package var subject: Address?
  package var expiresAt: Timestamp
  package var vouch: Unverified<Vouch>?
  package var revocation: Unverified<VouchRevocation>?

  /// A vouch that stands.
  package init(_ vouch: Signed<Vouch>) {
    let content = vouch.content
    (identifier, voucher, subject) = (content.identifier, content.voucher, content.subject)
    (expiresAt, self.vouch) = (content.expiresAt, vouch.unverified)
  }

  /// One that was taken back: it itself is not kept.
  package init(_ revocation: Signed<VouchRevocation>) {
    let content = revocation.content
    (identifier, voucher, expiresAt) = (content.identifier, content.voucher, content.expiresAt)
    self.revocation = revocation.unverified
  }

  /// A vouch as it is stored.
  package init(
    identifier: VouchIdentifier, voucher: Address, subject: Address?, expiresAt: Timestamp, vouch: Unverified<Vouch>?,
    revocation: Unverified<VouchRevocation>?
  ) {
    self.identifier = identifier
    self.voucher = voucher
    self.subject = subject
    self.expiresAt = expiresAt
    self.vouch = vouch
    self.revocation = revocation
  }
}

/// Who vouches for whom, without what was signed.
package struct VouchEdge: Sendable {
  package var identifier: VouchIdentifier
  package var voucher: Address
  package var subject: Address

  /// A vouch as it is stored.
  package init(identifier: VouchIdentifier, voucher: Address, subject: Address) {
    self.identifier = identifier
    self.voucher = voucher
    self.subject = subject
  }
}

/// The directory of people: this node's members, as ``MemberStore/saveMember(_:)`` has them, and copies of peers' members.
package protocol PeopleStore {
  /// The person of this address, where there is a card of them.
  func person(_ address: Address) throws(StoreError) -> PersonRecord?
  /// At most so many people, in no particular order where anything is looked for, else by their addresses. Whoever has not
  /// confirmed is looked for among ``LiaisonModel/Limits/searchRowsMax`` whom the rest finds.
  func searchPeople(_ search: PeopleSearch, limit: Int) throws(StoreError) -> PeopleFound
  /// Keeps what a member of this node says of themselves, and counts a change.
  func savePersonEntry(_ entry: Signed<PersonEntry>) throws(StoreError)
  /// Forgets what a member of this node said of themselves. That it is a change, the member's next card counts.
  func removePersonEntry(of address: Address) throws(StoreError)
  /// Counts a change of a member of this node.
  func notePersonChange(_ address: Address) throws(StoreError)

  /// Names the numbers of changes, 16 bytes; `nil` before the first.
  func directoryIdentifier() throws(StoreError) -> [UInt8]?
  /// Begins the directory that peers have anew.
  func setDirectoryIdentifier(_ identifier: [UInt8]) throws(StoreError)
  /// The number of the last change of a node's members; 0 where there was none.
  func lastPersonChange(of node: Handle) throws(StoreError) -> UInt64
  /// Changes of a node's members after a number, in order.
  func personChanges(of node: Handle, after number: UInt64, limit: Int) throws(StoreError) -> [PersonChange]

  /// How far a peer's directory is copied.
  func directoryCopy(of peer: Handle) throws(StoreError) -> DirectoryCopy?
  /// Every copy.
  func directoryCopies() throws(StoreError) -> [DirectoryCopy]
  /// Keeps how far it is.
  func save(_ copy: DirectoryCopy) throws(StoreError)
  /// Keeps a peer's member, whose signatures were verified.
  func savePerson(
    _ card: Signed<MemberCard>, _ entry: Signed<PersonEntry>?, round: UInt64
  ) throws(StoreError)
  /// Removes a peer's member and their vouches, but not what they took back.
  func removePerson(_ address: Address) throws(StoreError)
  /// Removes at most so many people of a peer that came before a round. Says how many there were.
  func removePeople(of peer: Handle, beforeRound round: UInt64, limit: Int) throws(StoreError) -> Int
  /// Forgets a copy whose people are gone.
  func removeDirectoryCopy(of peer: Handle) throws(StoreError)

  /// What is known of a vouch.
  func vouch(_ identifier: VouchIdentifier, of voucher: Address) throws(StoreError) -> VouchRecord?
  /// Keeps it, in the place of what was known.
  func save(_ vouch: VouchRecord) throws(StoreError)
  /// Removes a member's vouches that stand, but those of these identifiers.
  func removeVouches(of voucher: Address, but kept: Set<VouchIdentifier>) throws(StoreError)
  /// A member's, those also that they took back.
  func vouches(by voucher: Address, limit: Int) throws(StoreError) -> [VouchRecord]
  /// Those of a member that stand and have not ended, as edges.
  func vouchEdges(by voucher: Address, at now: Timestamp, limit: Int) throws(StoreError) -> [VouchEdge]
  /// Those that stand of which a member is the subject.
  func vouches(about subject: Address, limit: Int) throws(StoreError) -> [VouchRecord]
  /// Forgets what has ended.
  func removeVouches(expiredBefore time: Timestamp, limit: Int) throws(StoreError)
}

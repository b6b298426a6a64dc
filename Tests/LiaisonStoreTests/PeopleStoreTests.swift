import GRDB
import LiaisonModel
import LiaisonNode
import LiaisonStore
import TestKit
import Testing

@Suite("People in the store")
struct PeopleStoreTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  private func member(_ address: String, name: String, revocation: String? = nil) throws -> MemberRecord {
    let node = SigningKey<NodePurpose>()
    let card = try MemberCard(
      address: Address(address), name: name, discipline: .security, role: "duty officer", devices: [], serial: 1,
      issuedAt: now, expiresAt: now.adding(milliseconds: 1000))
    return MemberRecord(
      address: card.address, profile: MemberProfile(name: name, discipline: .security, role: "duty officer"),
      card: Signed(card, by: node).unverified, serial: 1, cardExpiresAt: card.expiresAt, revocation: revocation,
      deviceCount: 1)
  }

  private func found(_ text: String, in store: SQLiteNodeStore) throws -> [String] {
    try store.read { try $0.searchPeople(PeopleSearch(PeopleWords(text), at: now), limit: 10) }.people
      .map { try $0.card.claim().address.description }.sorted()
  }

  @Test("of an older store are found once its schema is brought up to date")
  func migration() throws {
    let folder = try TemporaryDirectory()
    let path = folder.path("node.sqlite")
    do {
      let store = try SQLiteNodeStore(path: path)
      try store.write { transaction in
        try transaction.saveMember(member("ana@x-a", name: "Ána Arden"))
        // A member's devices go with them, and one who is invited again has none yet.
        try transaction.insertDevice(
          DeviceRecord(
            identifier: DeviceIdentifier(bytes: Array(0..<16)), address: Address("ana@x-a"),
            linkKey: SigningKey<DeviceLinkPurpose>().publicKey,
            signatureKey: SigningKey<DeviceSignaturePurpose>().publicKey, enrolledAt: now))
        try transaction.saveMember(member("bo@x-a", name: "Bo", revocation: "left"))
        try transaction.saveMember(member("carla@x-a", name: "Carla"))
        try transaction.saveMember(
          MemberRecord(address: Address("eva@x-a"), profile: member("e@x-a", name: "E").profile))
      }
    }
    let queue = try DatabaseQueue(path: path)
    try queue.write { database in
      try database.execute(
        sql: """
          DROP TABLE people; DROP TABLE people_text; DROP TABLE directory_identifier; DROP TABLE directory_copies;
          DROP TABLE vouches; DELETE FROM grdb_migrations WHERE identifier = 'people'
          """)
    }
    try queue.close()
    let store = try SQLiteNodeStore(path: path)
    for text in ["", "arden ana", "officer", "security", "x-a", "ana@x-a"] {
      #expect(try found(text, in: store) == ["ana@x-a"], "\(text)")
    }
    var search = PeopleSearch(PeopleWords("arden"), at: now)
    search.nodes = [try Handle("x-a")]
    search.discipline = .security
    #expect(try store.read { try $0.searchPeople(search, limit: 10) }.people.count == 1)
    #expect(try store.read { try $0.personChanges(of: Handle("x-a"), after: 0, limit: 10) }.map(\.number) == [1])
    try store.checkIntegrity()
  }

  @Test("who have not confirmed are looked for among so many, and it is said where there may be others")
  func staleBound() throws {
    let folder = try TemporaryDirectory()
    let path = folder.path("node.sqlite")
    do { _ = try SQLiteNodeStore(path: path) }
    let queue = try DatabaseQueue(path: path)
    try queue.write { database in
      try database.execute(
        sql: """
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(Limits.searchRowsMax))
          INSERT INTO people (address, node, discipline, disciplines, is_gone, change)
            SELECT 'm' || i || '@xa', 'xa', 3, 4, 0, i FROM n;
          INSERT INTO people_text (rowid, text, marks) SELECT id, iif(id = 1, 'one', 'member'), 'dcyber' FROM people;
          """)
    }
    try queue.close()
    let store = try SQLiteNodeStore(path: path)
    func hasMore(_ text: String, _ discipline: Discipline? = nil) throws -> Bool {
      var search = PeopleSearch(PeopleWords(text), at: now)
      search.confirmedUntil = now
      search.discipline = discipline
      let found = try store.read { try $0.searchPeople(search, limit: 10) }
      #expect(found.people.isEmpty)
      return found.hasMore
    }
    #expect(try hasMore("", .cyber))
    #expect(try !hasMore("member") && !hasMore("") && !hasMore("one", .cyber))
  }

  @Test("are found as they were saved last, and not once they are gone")
  func changes() throws {
    let store = try SQLiteNodeStore.inMemory()
    let ana = try Address("ana@xa")
    try store.write { try $0.saveMember(member("ana@xa", name: "Ana")) }
    try store.write { try $0.saveMember(member("bo@xa", name: "Bo")) }
    try store.write { try $0.saveMember(member("ana@xa", name: "Zoe")) }
    #expect(try found("ana zoe", in: store) == ["ana@xa"])
    #expect(try found("officer", in: store) == ["ana@xa", "bo@xa"])
    let changes = try store.read { try $0.personChanges(of: Handle("xa"), after: 0, limit: 10) }
    #expect(changes.map(\.address.description) == ["bo@xa", "ana@xa"] && changes.map(\.number) == [2, 3])
    try store.write { try $0.saveMember(member("ana@xa", name: "Zoe", revocation: "left")) }
    #expect(try found("zoe", in: store).isEmpty && store.read { try $0.person(ana) } == nil)
    let last = try store.read { try $0.personChanges(of: Handle("xa"), after: 3, limit: 10) }
    #expect(last.map(\.number) == [4] && last.allSatisfy { $0.person == nil })
    // What is undone was not there.
    struct Undone: Error {}
    _ = try? store.write { transaction in
      try transaction.savepoint {
        try transaction.saveMember(member("carla@xa", name: "Carla"))
        throw Undone()
      }
    }
    #expect(try found("carla", in: store).isEmpty)
    try store.checkIntegrity()
  }
}

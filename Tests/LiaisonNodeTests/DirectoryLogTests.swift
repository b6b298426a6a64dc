import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

@Suite("A node's directory log")
struct DirectoryLogTests {
  private func card(of region: Region, _ handle: String) throws -> Signed<NodeCard> { try region.node(handle).card }

  @Test("has every card and every end, and proves each answer by a head that continues those before")
  func grows() throws {
    let region = Region(seed: 501)
    try region.addNodes(["xa", "xb"])
    let xa = try region.node("xa")
    #expect(try xa.directories().own.content.size == 0)
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
    let before = try xa.directories().own
    #expect(before.content.size == 2)
    let asker = LinkPeer.device(devices[1].identifier, inboxPosition: 0)
    guard
      case .directoryAnswer(let found) = try xa.answer(
        to: .directoryQuery(.address(devices[1].address)), from: asker)
    else { throw SimulationError("no answer") }
    let (cards, head) = try found.verified(by: xa.card)
    #expect(cards.map(\.content.address.description) == ["luka@xa"])
    #expect(head?.content.agrees(with: before.content) == true)
    _ = try xa.administer(.revoke(devices[0].address, reason: "left"))
    _ = try region.enrol(["luka@xa"])
    let after = try xa.directories().own
    #expect(after.content.size == 4)
    let question = Frame.DirectoryContinuationRequest(
      handle: xa.handle, beganAt: before.content.beganAt, from: 2, to: 4)
    guard
      case .directoryContinuation(let shown) = try xa.answer(to: .directoryContinuationRequest(question), from: asker)
    else { throw SimulationError("no continuation") }
    guard case .continues = shown.verdict(lesser: before.unverified, greater: after.unverified, by: xa.card.unverified)
    else {
      throw SimulationError("it does not continue")
    }
    // What never was is not shown.
    for (from, to) in [(0, 2), (3, 2), (2, 5)] as [(UInt64, UInt64)] {
      let question = Frame.DirectoryContinuationRequest(
        handle: xa.handle, beganAt: before.content.beganAt, from: from, to: to)
      guard case .failure = try xa.answer(to: .directoryContinuationRequest(question), from: asker) else {
        throw SimulationError("shown what never was: \(from) to \(to)")
      }
    }
    // The other node has heard of it, and holds nothing against it.
    region.run(milliseconds: 90_000)
    let seen = try #require(try region.node("xb").directories().countries.first { $0.handle == xa.handle })
    #expect(try seen.head?.claim().size == 4)
    #expect(seen.fault == nil)
    #expect(try region.node("xb").directories().evidence.isEmpty)
  }

  @Test("shows a device all records, and the entries of its own member only")
  func records() throws {
    let region = Region(seed: 502)
    try region.addNodes(["xa"])
    let devices = try region.enrol(["nino@xa", "luka@xa"])
    let xa = try region.node("xa")
    let asker = LinkPeer.device(devices[1].identifier, inboxPosition: 0)
    guard
      case .directoryRecords(let part) = try xa.answer(
        to: .directoryRecordsRequest(beganAt: Timestamp(milliseconds: 0), from: 9), from: asker)
    else { throw SimulationError("no records") }
    #expect(part.from == 0 && part.records.count == 2)
    let own = try #require(part.records.firstIndex { $0.tag == DirectoryRecord.tag(of: devices[1].address) })
    guard case .directoryEntries(let entries) = try xa.answer(to: .directoryEntriesRequest([0, 1, 77]), from: asker)
    else { throw SimulationError("no entries") }
    #expect(entries.count == 3 && entries[2].isEmpty && entries[1 - own].isEmpty)
    #expect(DirectoryRecord(devices[1].address, entry: entries[own]) == part.records[own])
  }

  @Test("of a store from before there was one begins with the cards that are in force")
  func backfill() throws {
    let region = Region(seed: 503)
    try region.addNodes(["xa"])
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xa"])
    let xa = try region.node("xa")
    _ = try xa.administer(.revoke(devices[2].address, reason: "left"))
    let backup = try xa.backUp()
    let before = try xa.directories().own.content
    try xa.restore(backup)
    region.run(milliseconds: 1_000)
    let after = try xa.directories().own.content
    #expect(before.size == 4 && after.size == 2)
    #expect(after.beganAt > before.beganAt)
    let asker = LinkPeer.device(devices[0].identifier, inboxPosition: 0)
    guard
      case .directoryAnswer(let found) = try xa.answer(
        to: .directoryQuery(.address(devices[1].address)), from: asker)
    else { throw SimulationError("no answer") }
    #expect(try found.verified(by: xa.card).cards.count == 1)
  }

  @Test("that was set back with its disk is begun anew when a peer shows what it has seen; nobody calls that a lie")
  func setBack() throws {
    let region = Region(seed: 504)
    try region.addNodes(["xa", "xb", "xc"])
    _ = try region.enrol(["nino@xa", "vera@xb"])
    let xa = try region.node("xa")
    let disk = try xa.store.disk.copy()
    _ = try region.enrol(["luka@xa"])
    region.run(milliseconds: 60_000)
    xa.crash()
    xa.store.disk = disk
    xa.start()
    region.run(milliseconds: 120_000)
    for name in ["xb", "xc"] {
      let status = try region.node(name).directories()
      #expect(status.evidence.isEmpty, "\(name)")
      let seen = try #require(status.countries.first { $0.handle == xa.handle })
      #expect(seen.fault?.contains("anew") == true, "\(name)")
      #expect(try seen.head?.claim().agrees(with: xa.directories().own.content) == true)
    }
    #expect(xa.warnings.contains { $0.contains("begun anew") })
    _ = try region.enrol(["ana@xa"])
    region.run(milliseconds: 60_000)
    #expect(try region.node("xb").directories().evidence.isEmpty)
  }

  @Test("says nothing of a member who is invited again after their end, and stops nobody who asks for them")
  func invitedAgain() throws {
    let region = Region(seed: 506)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
    let xa = try region.node("xa")
    _ = try xa.administer(.revoke(devices[0].address, reason: "left"))
    _ = try xa.invite("nino")
    for asker in [devices[1], devices[2]] {
      for query in [Frame.DirectoryQuery.address(devices[0].address), .text("nino")] {
        var answer: Frame.Body?
        asker.request(.directoryQuery(query), onFailure: { answer = .failure($0) }, then: { answer = $0 })
        region.run(milliseconds: 5_000)
        guard case .directoryAnswer(let found)? = answer else {
          Issue.record("\(asker.address) was told \(String(describing: answer))")
          continue
        }
        #expect(found.cards.isEmpty)
      }
    }
    // Nor does it come back with a log that is begun anew, or with a renewal.
    let backup = try xa.backUp()
    try xa.restore(backup)
    region.run(milliseconds: 1_000)
    #expect(try xa.directories().own.content.size == 1)
    _ = try region.enrol(["nino@xa"])
    #expect(try xa.directories().own.content.size == 2)
  }

  @Test("does not grow for ever by what one member's devices do")
  func invitations() throws {
    let region = Region(seed: 507)
    try region.addNodes(["xa"])
    let nino = try region.enrol(["nino@xa"])[0]
    var answers: [Frame.Body] = []
    for number in 0..<Int(Limits.deviceInvitationsBurst) + 2 {
      let hash = [UInt8](repeating: UInt8(number), count: 32)
      nino.request(
        .deviceInvite(secretHash: hash, expiresAt: region.now.adding(milliseconds: 2_000))
      ) { answers.append($0) }
      region.run(milliseconds: 2_500)
    }
    #expect(answers.count { $0 == .done } == Int(Limits.deviceInvitationsBurst))
    #expect(nino.refusals.map(\.reason) == [.limit, .limit])
  }
}

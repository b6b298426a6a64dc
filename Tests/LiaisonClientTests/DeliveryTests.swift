import LiaisonClient
import LiaisonModel
import LiaisonProtocol
import SimulationKit
import Testing

@Suite("Messages")
struct DeliveryTests {
  private let region: Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let room: RoomIdentifier

  init() throws {
    (region, ana, bo, room) = try Region.pair(seed: 11)
    settle()
  }

  private func settle() {
    #expect(region.run { ana.isIdle && bo.isIdle }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func notices(_ device: SimulatedDevice) throws -> [RoomNotice] {
    try device.open().history(of: room).compactMap { if case .notice(let notice) = $0.content { notice } else { nil } }
  }

  private func unreadable(_ device: SimulatedDevice) throws -> Int {
    try notices(device).count { if case .unreadable = $0 { true } else { false } }
  }

  private func code(_ body: () throws -> some Any) -> String? {
    do {
      _ = try body()
      return nil
    } catch { return (error as? ClientError)?.code }
  }

  private func submissions(_ turn: Session.Turn) -> [Work] {
    turn.steps.compactMap { step in
      if case .ask(let work) = step, case .submit = work.key { work } else { nil }
    }
  }

  // MARK: Once, whatever crashes

  @Test("go out again with the same bytes after a crash between the transaction and the sending")
  func crashBeforeSending() throws {
    let engine = try ana.open()
    let message = try engine.send(Draft(.text("kept"), marking: .green), to: room, now: region.now)
    var session = Session(engine: engine, position: try engine.inboxPosition)
    let before = submissions(try session.next(now: region.now))
    ana.crash()
    session = Session(engine: try ana.open(), position: try ana.open().inboxPosition)
    let after = submissions(try session.next(now: region.now))
    #expect(before.map(\.key) == [.submit(message)])
    #expect(before.map(\.request) == after.map(\.request))
    settle()
    #expect(try bo.texts(of: room) == ["kept"])
    #expect(try !ana.open().hasOutgoing)
  }

  @Test("are seen once when the answer is lost and they are sent again")
  func crashBeforeTheAnswer() throws {
    for _ in 0..<5 {
      try ana.say("again", to: room)
      region.run(milliseconds: 30)
      ana.crash()
      settle()
    }
    #expect(try bo.texts(of: room) == Array(repeating: "again", count: 5))
  }

  @Test("of FLASH pass a long inbox, once and with nothing missing, also where the device crashes between")
  func ahead() throws {
    bo.isOffline = true
    for number in 1...150 { try ana.say("routine \(number)", to: room) }
    #expect(region.run { ana.isIdle && region.queuedCount == 0 })
    for number in 1...5 { try ana.say("flash \(number)", to: room, precedence: .flash) }
    #expect(region.run { ana.isIdle && region.queuedCount == 0 })
    bo.isOffline = false
    region.run(milliseconds: 60)
    bo.crash()
    settle()
    let texts = try bo.texts(of: room)
    #expect(try #require(texts.firstIndex(of: "flash 5")) < 20)
    #expect(texts.filter { $0.hasPrefix("flash") } == (1...5).map { "flash \($0)" })
    #expect(texts.filter { $0.hasPrefix("routine") } == (1...150).map { "routine \($0)" })
    #expect(try unreadable(bo) == 0)
    #expect(try bo.open().rooms().allSatisfy(\.gaps.isEmpty))
    #expect(region.inboxCount == 0)
  }

  @Test("of FLASH that need a change of the room first come right after it, in their order")
  func aheadOfAChange() throws {
    bo.isOffline = true
    for number in 1...60 { try ana.say("routine \(number)", to: room) }
    #expect(region.run { ana.isIdle && region.queuedCount == 0 })
    let cy = try region.enrol("cy@xa")
    #expect(region.run { cy.isIdle })
    try ana.act { _ = try $0.add([try cy.address], to: room, now: $1) }
    #expect(region.run { ana.isIdle && cy.isIdle && region.queuedCount == 0 })
    for number in 61...120 { try ana.say("routine \(number)", to: room) }
    for number in 1...3 { try ana.say("flash \(number)", to: room, precedence: .flash) }
    #expect(region.run { ana.isIdle && region.queuedCount == 0 })
    bo.isOffline = false
    settle()
    let texts = try bo.texts(of: room)
    #expect(texts.filter { $0.hasPrefix("flash") } == (1...3).map { "flash \($0)" })
    #expect(texts.filter { $0.hasPrefix("routine") } == (1...120).map { "routine \($0)" })
    #expect(try #require(texts.firstIndex(of: "flash 3")) < #require(texts.firstIndex(of: "routine 61")) + 20)
    #expect(try unreadable(bo) == 0)
  }

  @Test("of FLASH that are pushed ahead pass no earlier one that came in its turn and waits")
  func aheadOfOneInItsTurn() throws {
    bo.holdsInbox = true
    for number in 1...2 { try ana.say("flash \(number)", to: room, precedence: .flash) }
    #expect(region.run { bo.held.count == 2 })
    let engine = try bo.open()
    var session = Session(engine: engine, position: try engine.inboxPosition)
    _ = try session.next(now: region.now)
    session.answered(.peers, with: .peers([]))
    session.push(bo.held[0])
    session.push(Frame.InboxItem(sequence: bo.held[1].sequence, isAhead: true, bo.held[1].content))
    _ = try session.next(now: region.now)
    #expect(try bo.texts(of: room) == ["flash 1", "flash 2"])
    #expect(try unreadable(bo) == 0)
  }

  @Test("are seen once however often the node hands them over")
  func replay() throws {
    bo.holdsInbox = true
    try ana.say("one", to: room)
    try ana.say("two", to: room)
    #expect(region.run { bo.held.count == 2 })
    bo.holdsInbox = false
    let items = bo.held
    for item in items + items { bo.push(item) }
    // Under new numbers too, as after a restore of the node.
    for (offset, item) in items.enumerated() {
      bo.push(Frame.InboxItem(sequence: items[1].sequence + 1 + UInt64(offset), item.content))
    }
    settle()
    #expect(try bo.texts(of: room) == ["one", "two"])
    #expect(try unreadable(bo) == 0)
  }

  @Test("of an epoch that has not come wait for its commit")
  func futureEpoch() throws {
    bo.holdsInbox = true
    let dee = try region.enrol("dee@xa")
    #expect(region.run { dee.isIdle })
    try ana.act { _ = try $0.add([dee.address], to: room, now: $1) }
    #expect(region.run { ana.isIdle })
    try ana.say("in the new epoch", to: room)
    #expect(region.run { bo.held.count == 2 })
    let items = bo.held
    bo.holdsInbox = false
    // The message overtakes the commit.
    bo.push(Frame.InboxItem(sequence: items[0].sequence, items[1].content))
    #expect(try bo.texts(of: room) == [])
    #expect(try unreadable(bo) == 0)
    bo.push(Frame.InboxItem(sequence: items[1].sequence, items[0].content))
    #expect(try bo.texts(of: room) == ["in the new epoch"])
    #expect(try bo.open().room(named: room.description).epoch == 2)
  }

  @Test("of two programs on one profile all arrive, once and without a gap")
  func twoPrograms() throws {
    let second = try region.secondProgram(of: ana)
    var expected: Set<String> = []
    for turn in 0..<10 {
      for (program, device) in [ana, second].enumerated() {
        let text = "program \(program), turn \(turn)"
        try device.say(text, to: room)
        expected.insert(text)
      }
      try bo.say("answer \(turn)", to: room)
      region.run(milliseconds: 60)
    }
    #expect(region.run { ana.isIdle && second.isIdle && bo.isIdle })
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
    let arrived = try bo.texts(of: room).filter { $0.hasPrefix("program") }
    #expect(Set(arrived) == expected)
    #expect(arrived.count == expected.count)
    #expect(try bo.open().room(named: room.description).gaps.isEmpty)
    let answers = try second.texts(of: room).filter { $0.hasPrefix("answer") }
    #expect(answers == (0..<10).map { "answer \($0)" })
    #expect(try ana.texts(of: room) == second.texts(of: room))
  }

  @Test("that are urgent go out before what waits, and each precedence in its order")
  func precedence() throws {
    ana.isOffline = true
    let precedences: [Precedence] = [.routine, .routine, .priority, .flash, .immediate, .routine, .flash, .priority]
    for (index, precedence) in precedences.enumerated() {
      try ana.act {
        _ = try $0.send(
          Draft(.text("\(precedence) \(index)"), precedence: precedence, marking: .clear), to: room, now: $1)
      }
    }
    // As many as may be under way at once go first: a late FLASH passes them all the same.
    for index in 0..<80 { try ana.say("crowd \(index)", to: room) }
    var session = Session(engine: try ana.open(), position: try ana.open().inboxPosition)
    let first = submissions(try session.next(now: region.now))
    try ana.act { _ = try $0.send(Draft(.text("last"), precedence: .flash, marking: .clear), to: room, now: $1) }
    let last = try #require(try ana.open().history(of: room).last?.identifier)
    #expect(first.count == 64)
    #expect(submissions(try session.next(now: region.now)).map(\.key) == [.submit(last)])
    ana.isOffline = false
    settle()
    let expected = [
      "flash 3", "flash 6", "last", "immediate 4", "priority 2", "priority 7", "routine 0", "routine 1", "routine 5",
    ]
    #expect(try bo.texts(of: room) == expected + (0..<80).map { "crowd \($0)" })
    #expect(try bo.open().room(named: room.description).gaps.isEmpty)
  }

  // MARK: Receipts

  @Test("have receipts that prove to others what each node holds, as far as they came")
  func receipts() throws {
    bo.isOffline = true
    let message = try ana.say("proof", to: room)
    #expect(code { try ana.open().receipts(for: message) } == "receipt-none-yet")
    settle()
    let (receipts, missing) = try ana.open().receipts(for: message)
    #expect(try receipts.claimedHolders().map(\.description) == ["xb"])
    #expect(missing.isEmpty)
    let status = try ana.open().status(message)
    #expect(receipts.leaf.envelopeDigest == status.envelopeDigest)
    #expect(receipts.leaf.message == message)
    #expect(code { try ana.open().receipts(for: message, of: try Handle("xa")) } == "receipt-own-node")
    #expect(code { try ana.open().receipts(for: message, of: try Handle("xc")) } == "receipt-elsewhere")
    #expect(try ana.open().receipts(for: message, of: try Handle("xb")).receipts == receipts)
    let nobody = try ana.act { try $0.roomOf([Address("nobody@xb")], now: $1) }.room
    let unsent = try ana.say("held", to: nobody)
    #expect(code { try ana.open().receipts(for: unsent) } == "receipt-not-sent")
    bo.isOffline = false
    settle()
    #expect(code { try bo.open().receipts(for: message) } == "receipt-not-own")
  }

  // MARK: Gaps and hostile nodes

  @Test("that are missing are shown as missing, until they come")
  func gaps() throws {
    try ana.say("one", to: room)
    settle()
    bo.holdsInbox = true
    for text in ["two", "three", "four"] { try ana.say(text, to: room) }
    #expect(region.run { bo.held.count == 3 })
    let items = bo.held
    bo.holdsInbox = false
    bo.push(items[2])
    var gaps = try bo.open().room(named: room.description).gaps
    #expect(gaps.map(\.numbers) == [2...3])
    #expect(gaps.map(\.sender) == [try ana.address])
    bo.push(Frame.InboxItem(sequence: items[2].sequence + 1, items[1].content))
    gaps = try bo.open().room(named: room.description).gaps
    #expect(gaps.map(\.numbers) == [2...2])
    bo.push(Frame.InboxItem(sequence: items[2].sequence + 2, items[0].content))
    #expect(try bo.open().room(named: room.description).gaps.isEmpty)
    #expect(try bo.texts(of: room) == ["one", "four", "three", "two"])
  }

  @Test("that were overtaken by the first one seen of their sender are not taken for repeated ones")
  func overtaken() throws {
    let cy = try region.enrol("cy@xb")
    settle()
    try ana.say("before cy", to: room)
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    settle()
    cy.holdsInbox = true
    for text in ["one", "two", "three"] { try ana.say(text, to: room) }
    #expect(region.run { cy.held.count == 3 })
    let items = cy.held
    cy.holdsInbox = false
    cy.push(items[2])
    #expect(try cy.open().room(named: room.description).gaps.isEmpty)
    cy.push(Frame.InboxItem(sequence: items[2].sequence + 1, items[0].content))
    #expect(try cy.open().room(named: room.description).gaps.map(\.numbers) == [3...3])
    cy.push(Frame.InboxItem(sequence: items[2].sequence + 2, items[1].content))
    #expect(try cy.open().room(named: room.description).gaps.isEmpty)
    #expect(try cy.texts(of: room) == ["three", "one", "two"])
    #expect(try cy.open().history(of: room).allSatisfy { !$0.flags.contains(.sequenceRepeated) })
  }

  @Test("that were altered on the way are flagged or refused, and those behind them are read")
  func alteredEnvelopes() throws {
    bo.holdsInbox = true
    for text in ["precedence", "identifier", "origin", "ciphertext", "last"] { try ana.say(text, to: room) }
    #expect(region.run { bo.held.count == 5 })
    bo.holdsInbox = false
    for (index, item) in bo.held.enumerated() {
      guard case .envelope(let bytes) = item.content else { continue }
      var envelope = try Envelope(tlsEncoded: bytes)
      switch index {
      case 0: envelope.precedence = .flash
      case 1: envelope.message = try MessageIdentifier(bytes: Array(repeating: 9, count: 16))
      case 2: envelope.origin = try Handle("xb")
      case 3: envelope.payload[envelope.payload.count - 1] ^= 1
      default: break
      }
      bo.push(Frame.InboxItem(sequence: item.sequence, .envelope(envelope.tlsEncoded)))
    }
    #expect(try bo.texts(of: room) == ["precedence", "identifier", "origin", "last"])
    let flags = try bo.open().history(of: room).filter { $0.message != nil }.map(\.flags)
    #expect(flags == [.precedenceDiffers, .identifierDiffers, .originDiffers, []])
    #expect(try unreadable(bo) == 1)
    // The genuine one can still be read: a forgery does not use up its key.
    bo.push(Frame.InboxItem(sequence: bo.held[4].sequence + 1, bo.held[3].content))
    #expect(try bo.texts(of: room).contains("ciphertext"))
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  @Test("behind garbage are read all the same")
  func garbage() throws {
    bo.holdsInbox = true
    for _ in 0..<9 { try ana.say("lost", to: room) }
    try ana.say("genuine", to: room)
    #expect(region.run { bo.held.count == 10 })
    bo.holdsInbox = false
    let items = bo.held
    guard case .envelope(let bytes) = items[9].content else { return }
    var envelope = try Envelope(tlsEncoded: bytes)
    var contents: [Frame.InboxItem.Content] = [.envelope([]), .envelope(Array(repeating: 0, count: 100_000))]
    for kind in [Envelope.Kind.application, .commit, .welcome] {
      envelope.kind = kind
      envelope.payload = [1, 2, 3]
      contents.append(.envelope(envelope.tlsEncoded))
      envelope.payload = []
      contents.append(.envelope(envelope.tlsEncoded))
    }
    contents.append(.undeliverable(message: envelope.message, at: envelope.origin, Frame.Failure(.limit, "lies")))
    #expect(contents.count == 9)
    for (item, content) in zip(items, contents) { bo.push(Frame.InboxItem(sequence: item.sequence, content)) }
    bo.push(items[9])
    settle()
    #expect(try bo.texts(of: room) == ["genuine"])
    #expect(try unreadable(bo) == 6)
    #expect(try bo.open().inboxPosition == items[9].sequence)
    #expect(try bo.open().room(named: room.description).gaps.map(\.numbers) == [1...9])
  }

  @Test("are in the order that the own node has proof of, whichever node brings it, and once")
  func commitFromElsewhere() throws {
    bo.holdsInbox = true
    let dee = try region.enrol("dee@xa")
    #expect(region.run { dee.isIdle })
    try ana.act { _ = try $0.add([dee.address], to: room, now: $1) }
    #expect(region.run { bo.held.count == 1 })
    bo.holdsInbox = false
    guard case .envelope(let bytes) = bo.held[0].content else { return }
    var envelope = try Envelope(tlsEncoded: bytes)
    envelope.origin = try Handle("xb")
    bo.push(Frame.InboxItem(sequence: bo.held[0].sequence, .envelope(envelope.tlsEncoded)))
    #expect(try bo.open().room(named: room.description).epoch == 2)
    bo.push(Frame.InboxItem(sequence: bo.held[0].sequence + 1, bo.held[0].content))
    #expect(try bo.open().room(named: room.description).epoch == 2)
    #expect(try unreadable(bo) == 0)
  }

  // MARK: Markings, and what people say of messages

  @Test("carry a marking, and replies at least the one that they quote")
  func markings() throws {
    let engine = try ana.open()
    #expect(
      code { try engine.send(Draft(.text("bare"), marking: nil), to: room, now: region.now) } == "marking-missing")
    let quoted = try ana.act { try $0.send(Draft(.text("strict"), marking: .amberStrict), to: room, now: $1) }
    settle()
    let reply = Draft(.text("reply"), marking: nil, replyTo: quoted)
    let inherited = try bo.act { try $0.send(reply, to: room, now: $1) }
    #expect(try bo.open().message(named: inherited.description).message?.marking == .amberStrict)
    var lowered = reply
    lowered.marking = .green
    #expect(code { try bo.open().send(lowered, to: room, now: region.now) } == "marking-lowered")
    lowered.marking = .red
    #expect(code { try bo.open().send(lowered, to: room, now: region.now) } == nil)
  }

  @Test("over the limit, or empty, are refused before anything is made")
  func limits() throws {
    let engine = try ana.open()
    let long = String(repeating: "x", count: Limits.textBytesMax + 1)
    #expect(
      code { try engine.send(Draft(.text(long), marking: .clear), to: room, now: region.now) } == "message-too-long")
    #expect(code { try engine.send(Draft(.text(""), marking: .clear), to: room, now: region.now) } == "text-empty")
    #expect(try engine.history(of: room).allSatisfy { $0.message == nil })
    let longest = String(repeating: "x", count: Limits.textBytesMax)
    try ana.say(longest, to: room)
    settle()
    #expect(try bo.texts(of: room) == [longest])
  }

  @Test("show where they are: proven at the node, displayed, acknowledged, and never one for another")
  func status() throws {
    bo.isOffline = true
    let message = try ana.say("here?", to: room)
    settle()
    var status = try ana.open().status(message)
    #expect(status.nodes.map(\.handle) == [try Handle("xa"), try Handle("xb")])
    #expect(status.nodes[1].isProven)
    #expect(status.people.map(\.displayedAt) == [nil])
    bo.isOffline = false
    settle()
    // Having it is not displaying it, and displaying it is not acknowledging it.
    #expect(try ana.open().status(message).people[0].displayedAt == nil)
    try bo.act { engine, now in try engine.markDisplayed(engine.inbox(unreadOnly: true), now: now) }
    settle()
    status = try ana.open().status(message)
    #expect(status.people[0].displayedAt != nil)
    #expect(status.people[0].acknowledgedAt == nil)
    #expect(try bo.open().inbox(unreadOnly: true).isEmpty)
    try bo.act { _ = try $0.acknowledge(message, now: $1) }
    settle()
    #expect(try ana.open().status(message).people[0].acknowledgedAt != nil)
    #expect(code { try ana.open().acknowledge(message, now: region.now) } == "acknowledge-own")
  }

  @Test("are found by four digits of their identifiers, and not by three")
  func prefixes() throws {
    let message = try ana.say("find me", to: room)
    let name = message.description
    #expect(try ana.open().message(named: String(name.prefix(4))).identifier == message)
    #expect(try ana.open().message(named: String(name.prefix(7)).uppercased()).identifier == message)
    #expect(code { try ana.open().message(named: String(name.prefix(3))) } == "identifier-malformed")
    #expect(code { try ana.open().message(named: "zzzz") } == "identifier-malformed")
    let other = String(name.prefix(4)) + (name.dropFirst(4).first == "0" ? "1" : "0")
    #expect(code { try ana.open().message(named: other) } == "message-unknown")
  }
}

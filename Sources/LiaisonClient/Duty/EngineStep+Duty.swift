internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import MLS

/// How a device follows duty roles (duty.md): rooms to a role have its present holders, and what waits goes over.
extension EngineStep {
  /// Bounds of what a device looks through when a role goes over.
  private static let entriesMax = 4096

  /// Takes what the node says of duties; `isOwn` where it is all there is for this member.
  func take(_ duties: Frame.Duties, isOwn: Bool) throws {
    if isOwn { try tx.set("duties", to: WaitingDuties(offers: duties.offers, checks: duties.checks)) }
    for card in duties.roleCards {
      guard let card = try tx.verified(card), try tx.take(card) else { continue }
      try followRooms(of: card.content.address)
    }
  }

  private func followRooms(of role: Address) throws {
    for record in try tx.rooms() where record.duty?.role == role { try follow(record) }
  }

  /// Looks at all rooms of roles again.
  func followRooms() throws {
    for record in try tx.rooms() where record.duty != nil { try follow(record) }
  }

  /// The roles of this device's rooms, of which it asks each time that it has its node.
  var rolesInUse: [Address] {
    get throws {
      let rooms = try tx.rooms().filter { [.active, .establishing].contains($0.state) }
      return Set(rooms.compactMap(\.duty?.role)).sorted()
    }
  }

  /// A room is told that it is a role's, or that others hold it now. What nobody may say there changes nothing, and an old
  /// card not what a newer one says.
  func take(_ note: RoleRoom, from sender: RoomMember, in record: RoomRecord) throws {
    guard let claim = try? note.roleCard.claim(), try mayMake(record, into: claim, note, sender.address),
      let card = try tx.verified(note.roleCard), var record = try tx.room(record.room)
    else { return }
    let isNews = try tx.take(card)
    var duty =
      try record.duty
      ?? RoomDuty(
        role: claim.address, correspondent: note.correspondent, told: claim.serial,
        since: lastOfBefore(record, by: sender.address))
    duty.told = max(duty.told, claim.serial)
    record.duty = duty
    try tx.save(record)
    if isNews { try followRooms(of: claim.address) } else { try follow(record) }
  }

  /// Whether a sender may say that a room is the one of a role, or stays it. Whoever writes to the role says so themselves;
  /// of another member of the room, only somebody of the role's own country does, whose node names who acts for it.
  private func mayMake(
    _ record: RoomRecord, into card: RoleCard, _ note: RoleRoom, _ sender: Address
  ) throws -> Bool {
    if let duty = record.duty { return duty.role == card.address }
    guard record.title.isEmpty else { return false }
    if sender == note.correspondent { return true }
    return try note.correspondent != identity.address && sender.handle == card.address.handle
      && group(record.room)?.addresses.contains(note.correspondent) == true
  }

  /// The last place in history before somebody said that a room is a role's: none in a room in which nobody else said
  /// anything. What they themselves wrote is not from before: what is urgent overtakes the card.
  private func lastOfBefore(_ record: RoomRecord, by sender: Address) throws -> UInt64 {
    let rows = try tx.db.rows(
      sql: "SELECT position, message, value FROM history WHERE room = ? ORDER BY position DESC LIMIT ?",
      arguments: [Data(tx.index(record.room)), Self.entriesMax])
    let last = try rows.first { row in
      let entry = try tx.history(row).record
      guard entry.sender != sender, case .message(let content) = entry.content else { return false }
      switch content.body {
      case .text, .document: return true
      default: return false
      }
    }
    return last.map { UInt64(clamping: $0["position"] as Int64) } ?? 0
  }

  /// Does this device's part for a room of a role: once for each of the role's cards it sees to it that those are in who act
  /// now and what waits is said to them, and whenever it looks that nobody else of the role's country is. Where the member
  /// writes to the role now, whoever is missing is added again.
  func follow(_ record: RoomRecord, isWriting: Bool = false) throws {
    guard let duty = record.duty, record.successor == nil, [.active, .establishing].contains(record.state),
      let role = try tx.role(duty.role), let group = try group(record.room), group.isActive
    else { return }
    let (own, acting) = (identity.address, role.current.duty.acting.people)
    let part: Part? =
      own == duty.correspondent
      ? .correspondent : acting.contains(own) ? .holder : role.formerly.contains(own) ? .former : nil
    let isNew = duty.handled < role.current.serial
    guard let part, !acting.isEmpty else {
      if isNew { try note(in: record) { $0.handled = role.current.serial } }
      return
    }
    let intents = try tx.intents(record.room)
    if part != .former {
      var gone = Set(group.addresses)
      for intent in intents where intent.state != .failed {
        switch intent.action {
        case .add(let address, _) where intent.state == .committing: gone.insert(address)
        // Who was to be added by an earlier card is not any more.
        case .add(let address, _)
        where address.handle == duty.role.handle && !acting.contains(address) && address != own:
          try tx.delete(intent)
        case .remove(let address): gone.remove(address)
        default: break
        }
      }
      gone = gone.filter { $0.handle == duty.role.handle && $0 != duty.correspondent && $0 != own }
        .subtracting(acting)
      if !gone.isEmpty { _ = try plan(gone.sorted().map { .remove($0) }, record.room) }
    }
    guard isNew || isWriting else { return }
    var present = Set(group.addresses)
    for intent in intents where intent.state != .failed {
      if case .add(let address, _) = intent.action { present.insert(address) }
    }
    let missing = acting.filter { !present.contains($0) }
    let changed = isWriting ? [] : try missing.filter { try tx.changedKeys(of: $0) != nil }
    guard changed.isEmpty else { return try warn(of: changed, in: record, role.current, as: part) }
    let isTold = duty.told >= role.current.serial
    try note(in: record) {
      $0.handled = role.current.serial
      if part != .holder { $0.told = role.current.serial }
    }
    let waiting: [HandedOver] =
      switch part {
      case .former where isNew: try waitingMessages(in: record, for: role, own: false)
      case .correspondent where !missing.isEmpty: try waitingMessages(in: record, for: role, own: true)
      default: []
      }
    // They are in before anything is said, and those who were are out.
    if !missing.isEmpty {
      for intent in intents where intent.state == .failed {
        if case .add(let address, _) = intent.action, missing.contains(address) { try tx.delete(intent) }
      }
      _ = try plan(missing.map { .add($0, keyPackages: []) }, record.room)
    }
    // What goes over is taken in a room that is known to be the role's.
    if part != .holder && (!isTold || !missing.isEmpty) {
      _ = try send(
        Draft(.duty(RoleRoom(roleCard: role.card, correspondent: duty.correspondent)), marking: .red),
        to: record.room)
    }
    for message in waiting {
      _ = try send(
        Draft(.handedOver(message), precedence: message.precedence, marking: message.marking), to: record.room)
    }
    // It is the next holder's to acknowledge now.
    if part == .former { try tx.forgetUnacknowledged(in: record.room) }
  }

  /// As what a device follows a role's room.
  private enum Part { case correspondent, holder, former }

  private func note(in record: RoomRecord, _ change: (inout RoomDuty) -> Void) throws {
    guard var record = try tx.room(record.room), var duty = record.duty else { return }
    change(&duty)
    record.duty = duty
    try tx.save(record)
  }

  /// Nobody is added whose keys have changed, and nothing said to them, before the member decides so (statements.md): by
  /// confirming them, and a correspondent also by writing to the role.
  private func warn(of people: [Address], in record: RoomRecord, _ card: RoleCard, as part: Part) throws {
    guard let duty = record.duty, duty.warned < card.serial else { return }
    try note(in: record) { $0.warned = card.serial }
    let names = people.map(\.description).joined(separator: ", ")
    try appendNotice(
      .unreadable(
        "\(card.address) goes to \(names) now, whose keys are not those that you confirmed: they are not added, and what "
          + "waits is not said to them, until you have confirmed them (liaison verify)"
          + (part == .correspondent ? " or write to \(card.address) again" : "")
      ), record.room, isUnread: true)
  }

  /// What nobody has acknowledged who acts for the role or did, oldest first: `own` messages, or others'.
  private func waitingMessages(in record: RoomRecord, for role: KnownRole, own: Bool) throws -> [HandedOver] {
    let people = role.formerly.union(role.current.duty.acting.people)
    let rows = try tx.db.rows(
      sql: """
        SELECT position, message, value FROM history WHERE room = ? AND position > ? ORDER BY position DESC LIMIT ?
        """,
      arguments: [Data(tx.index(record.room)), Int64(clamping: record.duty?.since ?? 0), Self.entriesMax])
    var waiting: [HandedOver] = []
    for row in rows where waiting.count < Limits.handedOverMax {
      let entry = try tx.history(row).record
      guard case .message(let content) = entry.content, let sender = entry.sender, !entry.flags.contains(.notSent),
        let message = HandedOver(content, from: sender)
      else { continue }
      guard own ? sender == identity.address : !people.contains(message.sender) else { continue }
      // By somebody who held the role when they did.
      let isAcknowledged = try people.contains { person in
        guard let time = try tx.reading(message.message, person)?.acknowledgedAt else { return false }
        return role.acted(person, at: time) == true
      }
      if !isAcknowledged { waiting.append(message) }
    }
    return waiting.reversed()
  }

  /// A message that went over with a role. It is kept under its own identifier, which is acknowledged, and once.
  func take(
    _ message: HandedOver, in content: MessageContent, from sender: RoomMember, _ record: RoomRecord, _ digest: [UInt8],
    _ flags: MessageFlags
  ) throws {
    // By whoever is in a role's room for the role, or wrote it: nobody else says what others have written. What is urgent
    // overtakes the card by which a next holder learns what room it is: until then it is a colleague of theirs.
    let country = record.duty?.role.handle ?? (record.title.isEmpty ? identity.address.handle : nil)
    guard sender.address.handle == country || sender.address == message.sender else {
      return try appendNotice(
        .unreadable("\(sender.address) handed over a message that is not theirs to hand over"), record.room,
        isUnread: true)
    }
    if let known = try tx.history(message.message)?.record {
      // Whoever wrote it knows what it was.
      guard message.sender == identity.address, known.sender == identity.address,
        case .message(let original) = known.content, HandedOver(original, from: identity.address) != message
      else { return }
      return try appendNotice(
        .unreadable("\(sender.address) handed over a message of yours in other words than you wrote"), record.room,
        isUnread: true)
    }
    guard message.sender != identity.address else {
      return try appendNotice(
        .unreadable("\(sender.address) handed over a message as yours that this machine does not know"), record.room,
        isUnread: true)
    }
    var entry = HistoryRecord(
      identifier: message.message, room: record.room, at: now, content: .message(content), sender: sender.address,
      device: sender.device)
    entry.flags = flags
    entry.digest = digest
    try tx.append(entry, isUnread: sender.address != identity.address)
  }

  /// Throws where this member held the role of a room and does not any more: they do not answer for it.
  func checkHolds(roleOf room: RoomIdentifier) throws {
    guard let duty = try tx.room(room)?.duty, duty.correspondent != identity.address,
      let role = try tx.role(duty.role), role.formerly.contains(identity.address)
    else { return }
    throw ClientError(.notPermitted, "role-not-held", "you no longer hold \(duty.role)")
  }
}

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
    for card in duties.roleCards where try tx.take(card) {
      guard let role = try? card.claim().address else { continue }
      try followRooms(of: role)
    }
  }

  private func followRooms(of role: Address) throws {
    for record in try tx.rooms() where record.duty?.role == role { try follow(record) }
  }

  /// The roles of this device's rooms, of which it asks each time that it has its node.
  var rolesInUse: [Address] {
    get throws {
      let rooms = try tx.rooms().filter { [.active, .establishing].contains($0.state) }
      return Set(rooms.compactMap(\.duty?.role)).sorted()
    }
  }

  /// A room is told that it is a role's, or that others hold it now.
  func take(_ note: RoleRoom, from sender: RoomMember, in record: RoomRecord) throws {
    guard let claim = try? note.roleCard.claim() else { return }
    let isNews = try tx.take(note.roleCard)
    // What does not verify changes nothing, and an old card not what a newer one says.
    guard try tx.role(claim.address)?.cards.contains(note.roleCard) == true, var record = try tx.room(record.room)
    else {
      return
    }
    if record.duty == nil, record.title.isEmpty {
      record.duty = RoomDuty(
        role: claim.address, correspondent: note.correspondent, told: claim.serial, since: try lastOfBefore(record))
    }
    guard var duty = record.duty, duty.role == claim.address else { return }
    duty.told = max(duty.told, claim.serial)
    record.duty = duty
    try tx.save(record)
    if isNews { try followRooms(of: claim.address) } else { try follow(record) }
  }

  /// The last place in history before a room was a role's: none in a room in which nothing else was said.
  private func lastOfBefore(_ record: RoomRecord) throws -> UInt64 {
    let rows = try tx.db.rows(
      sql: "SELECT position, message, value FROM history WHERE room = ? ORDER BY position DESC LIMIT ?",
      arguments: [Data(tx.index(record.room)), Self.entriesMax])
    let last = try rows.first { row in
      guard case .message(let content) = try tx.history(row).record.content else { return false }
      switch content.body {
      case .text, .document: return true
      default: return false
      }
    }
    return last.map { UInt64(clamping: $0["position"] as Int64) } ?? 0
  }

  /// Does this device's part for a room of a role, once for each of the role's cards.
  func follow(_ record: RoomRecord) throws {
    guard var duty = record.duty, record.successor == nil, [.active, .establishing].contains(record.state),
      let role = try tx.role(duty.role), duty.handled < role.current.serial,
      let group = try group(record.room), group.isActive
    else { return }
    let (own, acting) = (identity.address, role.current.duty.acting.people)
    let isCorrespondent = own == duty.correspondent
    let isFormer = !isCorrespondent && role.formerly.contains(own)
    duty.handled = role.current.serial
    let isTold = duty.told >= role.current.serial
    if isCorrespondent || isFormer { duty.told = role.current.serial }
    var record = record
    record.duty = duty
    try tx.save(record)
    guard isCorrespondent || isFormer || acting.contains(own), !acting.isEmpty else { return }
    var present = Set(group.addresses)
    for intent in try tx.intents(record.room) where intent.state != .failed {
      if case .add(let address, _) = intent.action { present.insert(address) }
    }
    let missing = acting.filter { !present.contains($0) }
    let gone = isFormer ? [] : present.intersection(role.formerly).subtracting([duty.correspondent, own]).sorted()
    let waiting =
      isFormer
      ? try waitingMessages(in: record, for: role, own: false)
      : isCorrespondent && !missing.isEmpty ? try waitingMessages(in: record, for: role, own: true) : []
    // They are in before anything is said, and those who were are out.
    if !missing.isEmpty || !gone.isEmpty {
      _ = try plan(missing.map { .add($0, keyPackages: []) } + gone.map { .remove($0) }, record.room)
    }
    for message in waiting {
      _ = try send(
        Draft(.handedOver(message), precedence: message.precedence, marking: message.marking), to: record.room)
    }
    if (isCorrespondent || isFormer) && (!isTold || !missing.isEmpty) {
      _ = try send(
        Draft(.duty(RoleRoom(roleCard: role.card, correspondent: duty.correspondent)), marking: .red),
        to: record.room)
    }
    // It is the next holder's to acknowledge now.
    if isFormer { try tx.forgetUnacknowledged(in: record.room) }
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

internal import LiaisonModel
internal import MLS
internal import TLSPresentation

extension EngineStep {
  /// Says something to a room: now, or once what it has to wait for is done.
  func send(_ draft: Draft, to room: RoomIdentifier) throws -> MessageIdentifier {
    if case .text(let text) = draft.body {
      guard !text.isEmpty else { throw ClientError(.usage, "text-empty", "an empty message is not sent") }
      guard text.utf8.count <= Limits.textBytesMax else { throw Self.tooLong }
    }
    guard let record = try tx.room(room) else { throw ClientError.noSuchRoom(room.description) }
    guard [.establishing, .active, .comingIn].contains(record.state) else { throw Self.cannotSend(record.state) }
    if draft.asksAboutKeys { try checkKeys(of: people(in: record)) }
    let content = MessageContent(
      message: newIdentifier(), sequence: 0, sentAt: now, precedence: draft.precedence,
      marking: try marking(draft, room),
      replyTo: draft.replyTo, body: draft.body)
    guard content.tlsEncoded.count <= Limits.messageBytesMax else { throw Self.tooLong }
    if content.body.isRecorded {
      try tx.append(
        HistoryRecord(
          identifier: content.message, room: room, at: now, content: .message(content), sender: identity.address,
          device: identity.device), isUnread: false)
    }
    if try isHolding(record) {
      try tx.append(Intent(identifier: random(16), room: room, .message(content)))
    } else {
      try transmit(content, to: record)
    }
    return content.message
  }

  /// Who is in a room, or is to come into it.
  private func people(in record: RoomRecord) throws -> [Address] {
    let coming = try tx.intents(record.room).compactMap { intent in
      if case .add(let address, _) = intent.action, intent.state != .failed { address } else { nil }
    }
    return Set(try group(record.room)?.addresses ?? []).union(coming).subtracting([identity.address]).sorted()
  }

  private static let tooLong = ClientError(
    .usage, "message-too-long",
    "a message is at most \(Limits.textBytesMax >> 10) KiB long; share longer things as a document")

  private static func cannotSend(_ state: RoomState) -> ClientError {
    switch state {
    case .damaged:
      ClientError(
        .badData, "room-damaged",
        "a change of this room could not be followed, so nothing can be sent to it; use: liaison room rejoin ROOM")
    default: .notInRoom
    }
  }

  /// A reply is marked at least as strictly as what it replies to.
  private func marking(_ draft: Draft, _ room: RoomIdentifier) throws -> Marking {
    guard let quoted = draft.replyTo else {
      guard let marking = draft.marking else {
        throw ClientError(.notPermitted, "marking-missing", "a message without a marking is not sent; say --tlp")
      }
      return marking
    }
    guard case (_, let entry)? = try tx.history(quoted), entry.room == room, case .message(let content) = entry.content
    else { throw ClientError(.noInput, "reply-elsewhere", "the message replied to is not in this room") }
    let marking = draft.marking ?? content.marking
    guard marking >= content.marking else {
      throw ClientError(
        .notPermitted, "marking-lowered",
        "a reply to a message marked \(content.marking) is marked so, or more strictly")
    }
    return marking
  }

  /// Encrypts for the room's present members and puts the envelope into the outbox, with the state that made it.
  func transmit(_ content: MessageContent, to record: RoomRecord) throws {
    guard var group = try group(record.room), group.isActive else { throw ClientError.notInRoom }
    if case .confirmations = content.body, try !mayTellConfirmations(to: group.roomMembers) { return }
    var content = content
    content.sequence = try tx.nextSequence(record.room)
    let message = try group.encrypt(
      content.tlsEncoded, authenticatedData: try headsToShow(in: record.room, of: group.addresses),
      padding: .padmeAtLeast(RoomPolicy.paddedBytesMin))
    let envelope = Envelope(
      message: content.message, room: record.room, origin: identity.address.handle, precedence: content.precedence,
      acceptedAt: now, kind: .application, payload: message.tlsEncoded)
    try save(group, record.room)
    try tx.enqueue(envelope)
    let history = try tx.history(content.message)
    try tx.noteSent(content, in: record.room, epoch: group.epoch, position: history?.position)
    guard var entry = history?.record else { return }
    let addresses = group.addresses
    entry.content = .message(content)
    entry.digest = Envelope.digest(ofEncoded: envelope.tlsEncoded)
    entry.nodes = Set(addresses.map(\.handle)).sorted()
    entry.recipients = addresses.filter { $0 != identity.address }
    try tx.replace(entry)
  }
}

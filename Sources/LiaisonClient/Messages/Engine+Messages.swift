internal import FoundationEssentials
internal import GRDB
package import LiaisonModel

extension Engine {
  /// Says something to a room. Gives the message's identifier; when the node has it, ``status(_:)`` tells.
  package func send(_ draft: Draft, to room: RoomIdentifier, now: Timestamp) throws -> MessageIdentifier {
    try change(now: now) { try $0.send(draft, to: room) }
  }

  /// Deliberately says "I have it" to the room of a message. Gives the acknowledgement's identifier.
  package func acknowledge(_ message: MessageIdentifier, now: Timestamp) throws -> MessageIdentifier {
    try change(now: now) { step in
      guard let (position, entry) = try step.tx.history(message), case .message(let content) = entry.content else {
        throw ClientError.noSuchMessage(message.description)
      }
      guard entry.sender != step.identity.address else {
        throw ClientError(.usage, "acknowledge-own", "this message is your own")
      }
      try step.checkHolds(roleOf: entry.room)
      let acknowledgement = try step.send(
        Draft(.acknowledgement([message]), precedence: content.precedence, marking: content.marking), to: entry.room)
      try step.tx.db.run(sql: "DELETE FROM unread WHERE position = ?", arguments: [position])
      try step.tx.noteAcknowledged(position)
      try step.tx.note(
        message, in: entry.room, by: step.identity.address, displayedAt: step.now, acknowledgedAt: step.now)
      return acknowledgement
    }
  }

  /// Notes that these entries were shown, and tells their rooms, in one message each. Entries that were shown before
  /// are told of no more. Displaying acknowledges nothing.
  package func markDisplayed(_ entries: [HistoryEntry], now: Timestamp) throws {
    let shown = entries.filter(\.isUnread)
    guard !shown.isEmpty else { return }
    try change(now: now) { step in
      var messages: [RoomIdentifier: [HistoryEntry]] = [:]
      for entry in shown {
        try step.tx.db.run(sql: "DELETE FROM unread WHERE position = ?", arguments: [entry.position])
        guard step.tx.db.changesCount > 0, entry.message != nil, !entry.isOwn else { continue }
        try step.tx.note(entry.identifier, in: entry.room, by: step.identity.address, displayedAt: step.now)
        messages[entry.room, default: []].append(entry)
      }
      for (room, entries) in messages.sorted(by: { $0.key.description < $1.key.description }) {
        guard let record = try step.tx.room(room), record.state == .active else { continue }
        let marking = entries.compactMap(\.message?.marking).max() ?? .red
        for start in stride(from: 0, to: entries.count, by: Limits.acknowledgedMessagesMax) {
          let part = entries[start..<min(start + Limits.acknowledgedMessagesMax, entries.count)]
          _ = try step.send(Draft(.displayed(part.map(\.identifier)), marking: marking), to: room)
        }
      }
    }
  }

  /// A room's history, oldest first: at most the last `limit` entries, and none before `since`.
  package func history(
    of room: RoomIdentifier, limit: Int? = nil, since: Timestamp? = nil
  ) throws -> [HistoryEntry] {
    try store.read { tx in
      let own = try tx.identity().address
      var entries: [HistoryEntry] = []
      let cursor = try Row.fetchCursor(
        tx.db,
        sql: "\(Self.selection) WHERE room = ? ORDER BY history.position DESC", arguments: [Data(tx.index(room))])
      while entries.count < limit ?? .max, let row = try cursor.next() {
        let entry = try tx.entry(row, own: own)
        if let since, entry.at < since { break }
        entries.append(entry)
      }
      return entries.reversed()
    }
  }

  /// What came from others, in every room, oldest first: unread entries only, or all, after a position.
  package func inbox(unreadOnly: Bool, after position: Int64 = 0, limit: Int? = nil) throws -> [HistoryEntry] {
    try store.read { tx in
      let own = try tx.identity().address
      let hidden = try tx.ownRooms()
      var entries: [HistoryEntry] = []
      let cursor = try Row.fetchCursor(
        tx.db,
        sql: """
          \(Self.selection) WHERE history.position > ? \(unreadOnly ? "AND unread.position IS NOT NULL" : "")
          ORDER BY history.position DESC
          """, arguments: [position])
      while entries.count < limit ?? .max, let row = try cursor.next() {
        let entry = try tx.entry(row, own: own)
        if !entry.isOwn, !hidden.contains(entry.room) { entries.append(entry) }
      }
      return entries.reversed()
    }
  }

  /// The position of the latest entry.
  package var lastPosition: Int64 {
    get throws { try store.read { try $0.db.value(Int64.self, sql: "SELECT max(position) FROM history") ?? 0 } }
  }

  /// The message with this identifier, or with the only one that these digits, four at least, begin.
  package func message(named name: String) throws -> HistoryEntry {
    guard let digits = Hex.identifierPrefix(name), let prefix = Hex.decode(digits.prefix(4)) else {
      throw ClientError(.usage, "identifier-malformed", "a message is named by 4 to 32 hexadecimal digits")
    }
    return try store.read { tx in
      let own = try tx.identity().address
      let found = try tx.db.rows(
        sql: "\(Self.selection) WHERE prefix = ?", arguments: [Data(tx.index(prefix: prefix))]
      ).map { try tx.entry($0, own: own) }
        .filter { $0.message != nil && $0.identifier.description.hasPrefix(digits) }
      guard let entry = found.first else { throw ClientError.noSuchMessage(name) }
      guard found.count == 1 else {
        throw ClientError(.usage, "message-ambiguous", "\(name) begins more than one message's identifier")
      }
      return entry
    }
  }

  /// Where a message is, node by node and person by person.
  package func status(_ message: MessageIdentifier) throws -> MessageStatus {
    try store.read { tx in
      let own = try tx.identity().address
      guard
        let row = try tx.db.row(
          sql: "\(Self.selection) WHERE message = ?", arguments: [Data(tx.index(message))]),
        let (_, record) = try tx.history(message)
      else { throw ClientError.noSuchMessage(message.description) }
      let entry = try tx.entry(row, own: own)
      let isQueued = try tx.isQueued(message)
      let nodes = try record.nodes.map { handle -> MessageStatus.Node in
        switch try tx.delivery(message, handle)?.outcome {
        case .accepted(let at): MessageStatus.Node(handle: handle, state: .delivered(at: at), isProven: false)
        case .receipt(let receipt):
          try MessageStatus.Node(
            handle: handle, state: .delivered(at: receipt.batch.claim().heldAt),
            isProven: receipt.proves(
              record.digest, of: message, sentBy: own.handle, heldBy: tx.node(handle)?.verified))
        case .refused(let reason, let at):
          MessageStatus.Node(handle: handle, state: .refused(reason: reason, at: at), isProven: false)
        case .sentAgain(let at): MessageStatus.Node(handle: handle, state: .sentAgain(at: at), isProven: false)
        case nil: MessageStatus.Node(handle: handle, state: isQueued ? .outbox : .queued, isProven: false)
        }
      }
      let duty = try tx.room(record.room)?.duty
      let role = try duty.flatMap { try tx.role($0.role) }
      // Who has taken the role over since is to acknowledge it too.
      let successors = role?.current.duty.acting.people.filter { !record.recipients.contains($0) && $0 != own } ?? []
      let people = try (record.recipients + successors).map { address in
        let reading = try tx.reading(message, address)
        let acted = role?.acted(address, at: reading?.acknowledgedAt ?? Timestamp(milliseconds: .max))
        return MessageStatus.Person(
          address: address, displayedAt: reading?.displayedAt, acknowledgedAt: reading?.acknowledgedAt,
          role: acted == nil ? nil : duty?.role, holdsRole: acted ?? false)
      }
      return MessageStatus(
        entry: entry, envelopeDigest: record.digest, nodes: nodes, people: people,
        acknowledgeBy: entry.isOwn ? entry.acknowledgeBy(try tx.deadlines()) : nil,
        heldBecause: try tx.reasonHeld(record, own: own))
    }
  }

  static let selection = """
    SELECT history.position AS position, message, history.value AS value, unread.position IS NOT NULL AS isUnread
    FROM history LEFT JOIN unread USING (position)
    """
}

extension ProfileTransaction {
  func entry(_ row: Row, own: Address) throws -> HistoryEntry {
    let (position, record) = try history(row)
    let isOwn = record.sender == own
    let content: HistoryEntry.Content =
      switch record.content {
      case .message(let message): .message(message)
      case .notice(let notice): .notice(notice)
      }
    return HistoryEntry(
      position: position, identifier: record.identifier, room: record.room, at: record.at, content: content,
      sender: record.sender, isOwn: isOwn, isUnread: row["isUnread"], flags: record.flags,
      isAcknowledged: try !isOwn && reading(record.identifier, own)?.acknowledgedAt != nil)
  }

  /// What an own message that is not encrypted yet waits for.
  fileprivate func reasonHeld(_ record: HistoryRecord, own: Address) throws -> String? {
    guard record.sender == own, record.digest.isEmpty, !record.flags.contains(.notSent) else { return nil }
    let waiting = try intents(record.room).filter { $0.state != .failed }
    let reasons = waiting.compactMap { intent -> String? in
      switch intent.action {
      case .add(let address, _):
        intent.reason.isEmpty ? "\(address) is being added" : "\(address) cannot be added yet: \(intent.reason)"
      case .remove(let address): "\(address) is being removed"
      case .removeDevice(let address, _): "a device of \(address) is being removed"
      case .refresh, .message, .takeOver: nil
      }
    }
    if try room(record.room)?.state == .comingIn { return "this device is coming into the room" }
    return reasons.isEmpty ? "the room is being made" : reasons.joined(separator: "; ")
  }
}

extension Engine {
  /// Whether a message of this device waits to be encrypted or to be taken by the node.
  package func isUnderway(_ message: MessageIdentifier) throws -> Bool {
    try store.read { tx in
      if try tx.isQueued(message) { return true }
      return try tx.intents(nil).contains {
        if case .message(let content) = $0.action { content.message == message } else { false }
      }
    }
  }
}

extension Engine {
  /// The documents of a room, oldest first.
  package func documents(of room: RoomIdentifier) throws -> [HistoryEntry] {
    try history(of: room).filter { if case .document? = $0.message?.body { true } else { false } }
  }
}

extension Engine {
  /// Whether messages of this device wait to be taken by the node.
  package var hasOutgoing: Bool {
    get throws {
      try store.read { try $0.db.value(Bool.self, sql: "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = 1)") ?? false }
    }
  }

  /// Whether nothing is left to be done that the node, or a hub, can still do.
  package var isSettled: Bool {
    get throws {
      try store.read {
        try
          !($0.db.value(
            Bool.self, sql: "SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM intents WHERE state <> 2)")
          ?? false) && !$0.rooms().contains { $0.state == .comingIn }
      }
    }
  }

  /// Where a message is that people see; `nil` for acknowledgements and other such.
  package func statusIfRecorded(_ message: MessageIdentifier) throws -> MessageStatus? {
    guard try store.read({ try $0.history(message) }) != nil else { return nil }
    return try status(message)
  }
}

extension MessageStatus {
  /// Why the own node did not take it, where it did not; its words.
  package var refusal: String? {
    for node in nodes where node.handle == entry.sender?.handle {
      if case .refused(let reason, _) = node.state { return reason }
    }
    return nil
  }
}

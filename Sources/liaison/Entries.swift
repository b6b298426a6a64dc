internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// A line of history as a JSON object.
struct EntryObject: Encodable {
  struct Document: Encodable {
    let title: String
    let size: UInt64
  }

  let type: String
  let message: String?
  let room: String
  let roomName: String
  let sender: String?
  let own: Bool
  let receivedAt: String
  let sentAt: String?
  let precedence: String?
  let marking: String?
  let replyTo: String?
  let text: String?
  let document: Document?
  /// The duty role that the room is one of, where it is.
  let role: String?
  /// Who wrote it, where its sender handed it over with the role.
  let writtenBy: String?
  let unread: Bool
  let acknowledged: Bool
  /// When the reader is late, where the reader is to acknowledge it and has not.
  let acknowledgeBy: String?
  let flags: [String]
  /// Whether the sender's keys are not those that the reader confirmed.
  let senderKeysChanged: Bool

  init(
    _ entry: HistoryEntry, roomName: String, role: Address?, acknowledgeBy: Timestamp?, hasChangedKeys: Bool
  ) {
    let content = entry.message
    type = content == nil ? "notice" : "message"
    message = content == nil ? nil : entry.identifier.description
    room = entry.room.description
    self.roomName = roomName
    sender = entry.sender?.description
    own = entry.isOwn
    receivedAt = entry.at.rfc3339
    sentAt = content?.sentAt.rfc3339
    precedence = content?.precedence.description
    marking = content?.marking.description
    replyTo = content?.replyTo?.description
    self.role = role?.description
    var body = content?.body
    writtenBy =
      if case .handedOver(let message)? = body { message.sender.description } else { nil }
    if case .handedOver(let message)? = body { body = message.body }
    switch (entry.content, body) {
    case (.notice(let notice), _): (text, document) = (notice.sentence, nil)
    case (_, .text(let words)): (text, document) = (words, nil)
    case (_, .document(let reference)):
      (text, document) = (nil, Document(title: reference.title, size: reference.size))
    case (_, .duty(let note)): (text, document) = (note.sentence(engine: nil), nil)
    default: (text, document) = (nil, nil)
    }
    unread = entry.isUnread
    acknowledged = entry.isAcknowledged
    self.acknowledgeBy = acknowledgeBy?.rfc3339
    flags = entry.flags.names
    senderKeysChanged = hasChangedKeys
  }
}

extension RoomNotice {
  /// Whom it names.
  var people: [Address] {
    switch self {
    case .joined(let address), .ended(let address), .moved(_, let address): [address].compactMap(\.self)
    case .added(let members, let address), .removed(let members, let address): members + [address].compactMap(\.self)
    case .device(let address, _, _), .deviceReturned(let address, _), .succeeded(_, let address): [address]
    case .deviceRemoved(let address, _, let remover): [address] + [remover].compactMap(\.self)
    case .unreadable, .damaged, .cameIn: []
    }
  }

  /// One sentence for a person; not escaped.
  var sentence: String {
    func names(_ addresses: [Address]) -> String { addresses.map(\.description).joined(separator: ", ") }
    func by(_ address: Address?) -> String { address.map { " by \($0)" } ?? "" }
    return switch self {
    case .joined(let address): "you were added to this room\(by(address))"
    case .added(let members, let address): "\(names(members)) joined, added\(by(address))"
    case .removed(let members, let address): "\(names(members)) removed\(by(address))"
    case .ended(let address): "you are no longer in this room: removed\(by(address))"
    case .unreadable(let why): why
    case .damaged(let why): why
    case .cameIn(nil): "this machine came into the room; what was written before is not here"
    case .cameIn(let since?):
      "this machine came back into the room; what others wrote since \(since.shown) and before now is not here"
    case .device(let address, let device, let authoriser?):
      "\(address) uses a new machine \(device.short), brought in by their machine \(authoriser.short)"
    case .device(let address, let device, nil):
      "WARNING: \(address) uses a new machine \(device.short) that only their node vouches for; ask them whether it is theirs"
    case .deviceReturned(let address, let device):
      "the machine \(device.short) of \(address) lost its place, or was restored from a backup, and came back with fresh keys"
    case .deviceRemoved(let address, let device, let remover):
      "the machine \(device.short) of \(address) was removed\(by(remover))"
    case .moved(let hub, let address): "\(hub) orders this room from now on: taken over\(by(address))"
    case .succeeded(let room, let address):
      "\(address) has made room \(room), which goes on in the place of this one: write there"
    }
  }
}

extension DeviceIdentifier {
  /// As people see it.
  fileprivate var short: String { String(description.prefix(8)) }
}

/// Shows history, for people or as JSON lines, and notes what was shown.
struct EntryPrinter {
  let output: Output
  let engine: Engine
  /// Whether each entry names its room.
  let showsRoom: Bool

  func show(_ entries: [HistoryEntry]) throws {
    let own = try engine.identity.address
    let rooms = try engine.rooms()
    let deadlines = try engine.deadlines
    let marks = KeyMarks(engine)
    for entry in entries {
      let hasChanged = try entry.sender.map(marks.hasChanged) ?? false
      let room = rooms.first { $0.identifier == entry.room }
      let name = room?.name(for: own) ?? entry.room.description
      let acknowledgeBy = entry.isOwn || entry.isAcknowledged ? nil : entry.acknowledgeBy(deadlines)
      let text = try text(entry, name, hasChanged, marks)
      output.result(
        EntryObject(
          entry, roomName: name, role: room?.role, acknowledgeBy: acknowledgeBy, hasChangedKeys: hasChanged), text)
    }
    try engine.markDisplayed(entries, now: .now)
  }

  private func text(
    _ entry: HistoryEntry, _ roomName: String, _ hasChangedKeys: Bool, _ marks: KeyMarks
  ) throws -> String {
    let room = showsRoom ? "  [\(escaped(roomName))]" : ""
    switch entry.content {
    case .notice(let notice):
      let line = "\(entry.at.shown)\(room)  * \(escaped(notice.sentence))"
      let changed = try notice.people.filter(marks.hasChanged)
      return ([line] + changed.map { "  ! the keys of \($0) are not those that you confirmed" }).joined(separator: "\n")
    case .message(let content):
      if case .duty(let note) = content.body {
        return "\(entry.at.shown)\(room)  * \(escaped(note.sentence(engine: engine)))"
      }
      let precedence = content.precedence == .routine ? "" : "  \(content.precedence.description.uppercased())"
      var heading =
        "\(content.sentAt.shown)  \(entry.sender?.description ?? "?")\(room)\(precedence)  \(content.marking)"
      heading += "  \(entry.identifier)"
      if let quoted = content.replyTo { heading += "  re \(quoted.description.prefix(8))" }
      if entry.isAcknowledged { heading += "  acknowledged" }
      var lines = [entry.isUnread ? output.emphasised(heading) : heading]
      if hasChangedKeys { lines.append("  ! the keys of its sender are not those that you confirmed") }
      for flag in warnings(entry.flags) { lines.append("  ! \(flag)") }
      lines += body(content).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
      return lines.joined(separator: "\n")
    }
  }

  private func body(_ content: MessageContent) -> String { body(content.body) }

  private func body(_ body: MessageContent.Body) -> String {
    switch body {
    case .text(let text): escaped(text, keepingLines: true)
    case .document(let document): "document: \(escaped(document.title)) (\(ByteCount(document.size)))"
    case .unknown(let kind, _): "a message of a kind that this version does not know (\(kind))"
    case .handedOver(let message):
      "handed over; \(message.sender) wrote on \(message.sentAt.shown):\n\(self.body(message.body))"
    case .acknowledgement, .displayed, .title, .leave, .missing, .again, .successor, .confirmations, .duty: ""
    }
  }

  private func warnings(_ flags: MessageFlags) -> [String] {
    let all: [(MessageFlags, String)] = [
      (.identifierDiffers, "its envelope carried another identifier: a node altered it"),
      (.precedenceDiffers, "its envelope carried another precedence: a node altered it"),
      (.originDiffers, "its envelope came from another country than its sender"),
      (.sequenceRepeated, "its sender used its number before"),
      (.markingLowered, "it is marked less strictly than what it replies to"),
      (.notSent, "it was not sent: nobody could be added to the room"),
      (.sentAgain, "it did not come at first and was sent again when this device asked for it"),
    ]
    return all.compactMap { flags.contains($0.0) ? $0.1 : nil }
  }
}

extension RoleRoom {
  /// Who acts for the role of a room, and how it came to them; not escaped.
  func sentence(engine: Engine?) -> String {
    guard let card = try? roleCard.claim() else { return "this room is a duty role's, whose card is malformed" }
    let origin = try? engine?.origin(of: card)
    return "\(correspondent) writes to \(card.address) here; \(card.sentence)"
      + (origin.map { ", \($0.sentence)" } ?? "")
  }
}

/// A number of bytes for people.
struct ByteCount: CustomStringConvertible {
  let bytes: UInt64
  init(_ bytes: UInt64) { self.bytes = bytes }

  var description: String {
    let units: [(UInt64, String)] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
    guard let (size, name) = units.first(where: { bytes >= $0.0 }) else { return "\(bytes) bytes" }
    let tenths = bytes * 10 / size
    return "\(tenths / 10).\(tenths % 10) \(name)"
  }
}

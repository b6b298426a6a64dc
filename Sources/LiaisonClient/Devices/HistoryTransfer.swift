internal import Foundation
internal import GRDB
internal import LiaisonBackup
package import LiaisonModel
internal import Sodium
internal import TLSPresentation

/// One thing that a device hands to another one of its member.
private enum HistoryItem: TLSCodable {
  case room(RoomIdentifier, hub: Handle, title: String)
  /// An entry, when this member saw and acknowledged it, and how far it came, where it is their own.
  case entry(HistoryRecord, displayedAt: Timestamp?, acknowledgedAt: Timestamp?, [Delivery])

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1:
      self = .room(
        try decoder.read(), hub: try decoder.read(), title: try decoder.readString(bound: Limits.titleBytesMax))
    case 2:
      self = .entry(
        try decoder.read(), displayedAt: try decoder.readOptional(), acknowledgedAt: try decoder.readOptional(),
        try decoder.readVector())
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .room(let room, let hub, let title):
      encoder.write(UInt8(1))
      encoder.write(room)
      encoder.write(hub)
      encoder.write(string: title)
    case .entry(let record, let displayedAt, let acknowledgedAt, let deliveries):
      encoder.write(UInt8(2))
      encoder.write(record)
      encoder.write(optional: displayedAt)
      encoder.write(optional: acknowledgedAt)
      encoder.write(vector: deliveries)
    }
  }
}

/// Giving the history of one of a member's devices to another: a file, encrypted under a code that is carried another way.
extension Engine {
  private static let fileName = "history"
  private static let codePrefix = "liaison-history:"
  private static let itemBytesMax = 1 << 20

  /// Writes this device's history to a new file, and gives the code that opens it, and how many messages and events are in
  /// it. Throws `FileError`, `BackupError` and ``ClientError``.
  package func exportHistory(to path: String, now: Timestamp) throws -> (code: String, count: Int) {
    var secret = random(StoreKey.keyLength)
    defer { wipe(&secret) }
    let key = try StoreKey(secret.withUnsafeBytes { SecretBytes(copying: $0) })
    let identity = try identity
    // What lies there for a moment is sealed already.
    let draft = "\(path).items-\(Hex.encode(random(6)))"
    defer { try? FileManager.default.removeItem(atPath: draft) }
    let count = try writeItems(to: draft, under: key)
    try BackupFile.write(
      to: path, [(Self.fileName, draft)], of: identity.address.description, at: now, keyFile: [], under: key,
      signedBy: identity.signatureKey)
    return (Self.codePrefix + Armor.checked(secret), count)
  }

  private func writeItems(to path: String, under key: StoreKey) throws -> Int {
    guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
      let file = FileHandle(forWritingAtPath: path)
    else { throw FileError(.create, path: path, errorNumber: EACCES) }
    defer { try? file.close() }
    var index: UInt64 = 0
    func write(_ item: HistoryItem) throws {
      let sealed = key.seal(item.tlsEncoded, context: Self.context(index))
      let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sealed.count >> $0) }
      try file.write(contentsOf: Data(length + sealed))
      index += 1
    }
    return try store.read { tx in
      let own = try tx.identity().address
      for room in try tx.rooms() { try write(.room(room.room, hub: room.hub, title: room.title)) }
      let rooms = index
      let rows = try Row.fetchCursor(tx.db, sql: "SELECT position, message, value FROM history ORDER BY position")
      while let row = try rows.next() {
        let record = try tx.history(row).record
        let reading = try tx.reading(record.identifier, own)
        try write(
          .entry(
            record, displayedAt: reading?.displayedAt, acknowledgedAt: reading?.acknowledgedAt,
            tx.deliveries(record.identifier)))
      }
      return Int(index - rooms)
    }
  }

  private static func context(_ index: UInt64) -> [UInt8] {
    Array("liaison history".utf8) + (0..<8).map { UInt8(truncatingIfNeeded: index >> (56 - 8 * $0)) }
  }

  /// Takes the history that another device of this member wrote to a file: what this device has not, before all that it has.
  /// Gives how many messages and events are new here.
  package func importHistory(from path: String, code: String, now: Timestamp) throws -> Int {
    let line = code.trimmingCharacters(in: .whitespacesAndNewlines)
    guard line.hasPrefix(Self.codePrefix),
      var secret = Armor.unchecked(line.dropFirst(Self.codePrefix.count)), secret.count == StoreKey.keyLength
    else {
      throw ClientError(
        .badData, "history-code", "this is not a whole code; copy all of it, from \(Self.codePrefix) to the end")
    }
    defer { wipe(&secret) }
    let key = try StoreKey(secret.withUnsafeBytes { SecretBytes(copying: $0) })
    let work = "\(path).work-\(Hex.encode(random(6)))"
    try FileManager.default.createDirectory(
      atPath: work, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: work) }
    let contents = try BackupFile.read(path, under: key, of: DeviceSignaturePurpose.self, into: work)
    let identity = try identity
    let devices = try identity.memberCard.claim().devices
    guard contents.owner == identity.address.description, contents.files.map(\.name) == [Self.fileName],
      devices.contains(where: { $0.signatureKey.bytes == contents.signer })
    else {
      throw ClientError(.badData, "history-foreign", "this was not written by a machine of \(identity.address)")
    }
    return try change(now: now) { step in try step.take(itemsIn: "\(work)/\(Self.fileName)", Self.items(key)) }
  }

  /// Reads a file of items one by one.
  private static func items(_ key: StoreKey) -> (FileHandle, (HistoryItem) throws -> Void) throws -> Void {
    { file, take in
      var index: UInt64 = 0
      let malformed = ClientError(.badData, "history-malformed", "the history in this file is malformed")
      while let length = try file.read(upToCount: 4), !length.isEmpty {
        let count = length.reduce(0) { $0 << 8 | Int($1) }
        guard length.count == 4, count <= itemBytesMax, let sealed = try file.read(upToCount: count),
          let bytes = try? key.open(Array(sealed), context: context(index)),
          let item = try? HistoryItem(tlsEncoded: bytes)
        else { throw malformed }
        try take(item)
        index += 1
      }
    }
  }
}

extension EngineStep {
  fileprivate func take(
    itemsIn path: String, _ read: (FileHandle, (HistoryItem) throws -> Void) throws -> Void
  ) throws -> Int {
    guard let file = FileHandle(forReadingAtPath: path) else { throw FileError(.open, path: path, errorNumber: ENOENT) }
    defer { try? file.close() }
    // Imported entries stand before all others, in their own order: first counted, then placed.
    var count: Int64 = 0
    try read(file) { if case .entry = $0 { count += 1 } }
    try file.seek(toOffset: 0)
    let first = try tx.db.value(Int64.self, sql: "SELECT min(position) FROM history") ?? 1
    var position = min(first, 1) - count
    var taken = 0
    try read(file) { item in
      switch item {
      case .room(let room, let hub, let title): try takeRoom(room, hub, title)
      case .entry(let record, let displayedAt, let acknowledgedAt, let deliveries):
        defer { position += 1 }
        guard try tx.history(record.identifier) == nil else { return }
        try tx.insert(record, at: position)
        if displayedAt != nil || acknowledgedAt != nil {
          try tx.note(
            record.identifier, in: record.room, by: identity.address, displayedAt: displayedAt,
            acknowledgedAt: acknowledgedAt)
        }
        for delivery in deliveries { try tx.save(delivery, record.identifier) }
        taken += 1
      }
    }
    return taken
  }

  /// A room that this device is not in, because its member left it, is kept for what was said in it.
  private func takeRoom(_ room: RoomIdentifier, _ hub: Handle, _ title: String) throws {
    guard var record = try tx.room(room) else {
      return try tx.save(
        RoomRecord(
          room: room, hub: hub, title: title, state: .ended, isRegistered: true, addressees: [], refreshedAt: now))
    }
    guard record.title.isEmpty, !title.isEmpty else { return }
    record.title = title
    try tx.save(record)
  }
}

internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// A document whose upload has begun. Its key belongs to exactly the content whose chunks are noted with it: a file that
/// is found changed loses the record, and with it the key.
struct ShareRecord: TLSCodable {
  let room: RoomIdentifier
  /// The document key, 32 bytes.
  let key: [UInt8]

  init(room: RoomIdentifier, key: [UInt8]) {
    self.room = room
    self.key = key
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a share's record has an unknown format") }
    room = try decoder.read()
    key = try decoder.read(fixed: 32)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(room)
    encoder.write(fixed: key)
  }
}

extension Engine {
  /// The key for a document, and the names of the chunks that an earlier attempt made of it.
  func beginShare(_ file: [UInt8], in room: RoomIdentifier) throws -> (key: [UInt8], chunks: [ChunkName]) {
    try store.change { tx in
      let row = tx.index(file: file + room.bytes)
      if let sealed = try tx.db.value(Data.self, sql: "SELECT value FROM shares WHERE file = ?", arguments: [Data(row)])
      {
        let record: ShareRecord = try tx.open(sealed, "shares", row)
        let chunks = try tx.db.rows(
          sql: "SELECT ordinal, value FROM shareChunks WHERE file = ? ORDER BY ordinal", arguments: [Data(row)]
        ).map { found -> ChunkName in
          try tx.open(found["value"], "shareChunks", row + Self.bytes(found["ordinal"]))
        }
        return (record.key, chunks)
      }
      let record = ShareRecord(room: room, key: random(32))
      try tx.db.run(
        sql: "INSERT INTO shares (file, value) VALUES (?, ?)", arguments: [Data(row), tx.seal(record, "shares", row)])
      return (record.key, [])
    }
  }

  /// Notes chunks before they are sent, so that a second attempt can tell whether the file is still the same.
  func noteChunks(_ names: [ChunkName], from ordinal: Int, of file: [UInt8], in room: RoomIdentifier) throws {
    guard !names.isEmpty else { return }
    try store.change { tx in
      let row = tx.index(file: file + room.bytes)
      for (offset, name) in names.enumerated() {
        let ordinal = Int64(ordinal + offset)
        try tx.db.run(
          sql: "INSERT INTO shareChunks (file, ordinal, value) VALUES (?, ?, ?)",
          arguments: [Data(row), ordinal, tx.seal(name, "shareChunks", row + Self.bytes(ordinal))])
      }
    }
  }

  /// Forgets an upload: the file is another now.
  func endShare(_ file: [UInt8], in room: RoomIdentifier) throws {
    try store.change { tx in
      try tx.db.run(
        sql: "DELETE FROM shares WHERE file = ?", arguments: [Data(tx.index(file: file + room.bytes))])
    }
  }

  /// Tells the room of a document that the node holds, and forgets the upload, in one.
  func announce(
    _ draft: Draft, of file: [UInt8], in room: RoomIdentifier, now: Timestamp
  ) throws -> MessageIdentifier {
    try change(now: now) { step in
      try step.tx.db.run(
        sql: "DELETE FROM shares WHERE file = ?", arguments: [Data(step.tx.index(file: file + room.bytes))])
      return try step.send(draft, to: room)
    }
  }

  private static func bytes(_ ordinal: Int64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: ordinal >> (8 * $0)) }
  }
}

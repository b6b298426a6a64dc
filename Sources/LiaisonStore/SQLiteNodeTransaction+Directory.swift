package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction: DirectoryStore {
  package func directoryBeganAt() throws(StoreError) -> Timestamp? {
    try row("SELECT began_at FROM directory_log_beginning")?.timestamp(0)
  }

  package func beginDirectory(at time: Timestamp) throws(StoreError) {
    let after = try directoryBeganAt().map { $0.adding(milliseconds: 1) } ?? time
    try run("DELETE FROM directory_log")
    try run(
      """
      INSERT INTO directory_log_beginning (only_row, began_at) VALUES (1, ?)
      ON CONFLICT DO UPDATE SET began_at = excluded.began_at
      """, max(time, after).integer)
  }

  package func directorySize() throws(StoreError) -> Int {
    try row("SELECT coalesce(max(position) + 1, 0) FROM directory_log")?.number(0) ?? 0
  }

  package func appendDirectoryEntry(
    _ entry: [UInt8], _ record: DirectoryRecord, of address: Address
  ) throws(StoreError) {
    try run(
      """
      INSERT INTO directory_log (position, address, record, entry)
      VALUES ((SELECT coalesce(max(position) + 1, 0) FROM directory_log), ?, ?, ?)
      """, address.description, record.tlsEncoded, entry)
  }

  package func directoryRecords(from index: Int, limit: Int) throws(StoreError) -> [[UInt8]] {
    try rows("SELECT record FROM directory_log WHERE position >= ? ORDER BY position LIMIT ?", index, limit).map {
      $0.bytes(0)
    }
  }

  package func directoryEntry(at index: Int) throws(StoreError) -> (address: Address, entry: [UInt8])? {
    guard let row = try row("SELECT address, entry FROM directory_log WHERE position = ?", index) else { return nil }
    return (try row.address(0), row.bytes(1))
  }

  package func lastDirectoryEntry(of address: Address) throws(StoreError) -> (index: Int, record: [UInt8])? {
    try row(
      "SELECT position, record FROM directory_log WHERE address = ? ORDER BY position DESC LIMIT 1",
      address.description
    ).map { ($0.number(0), $0.bytes(1)) }
  }

  package func directory(of handle: Handle) throws(StoreError) -> KnownDirectory? {
    guard
      let row = try row(
        "SELECT handle, root_key, head, fault, fault_at FROM directories WHERE handle = ?", handle.description)
    else { return nil }
    return try KnownDirectory(row)
  }

  package func directories() throws(StoreError) -> [KnownDirectory] {
    try rows("SELECT handle, root_key, head, fault, fault_at FROM directories ORDER BY handle").stored {
      row throws(StoreError) in try KnownDirectory(row)
    }
  }

  package func save(_ directory: KnownDirectory) throws(StoreError) {
    try run(
      """
      INSERT INTO directories (handle, root_key, head, fault, fault_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET root_key = excluded.root_key, head = excluded.head, fault = excluded.fault,
        fault_at = excluded.fault_at
      """, directory.handle.description, directory.rootKey.bytes, directory.head.map(\.tlsEncoded), directory.fault,
      directory.faultAt?.integer)
  }

  package func insertDirectoryEvidence(_ evidence: StoredEvidence) throws(StoreError) {
    try run(
      """
      INSERT INTO directory_evidence (digest, handle, found_at, evidence) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
      """, evidence.evidence.digest, evidence.handle.description, evidence.foundAt.integer,
      evidence.evidence.tlsEncoded)
  }

  package func directoryEvidence(against handle: Handle?) throws(StoreError) -> [StoredEvidence] {
    try rows(
      """
      SELECT handle, found_at, evidence FROM directory_evidence WHERE handle = ? OR ? = '' ORDER BY found_at, digest
      """, handle?.description ?? "", handle?.description ?? ""
    ).stored { row throws(StoreError) in try StoredEvidence(row) }
  }
}

extension KnownDirectory {
  /// Columns: handle, root_key, head, fault, fault_at.
  fileprivate init(_ row: Row) throws(StoreError) {
    let head = row.optionalBytes(2).map { try? Unverified<DirectoryHead>(tlsEncoded: $0) }
    if let head, head == nil { throw .unreadable("a directory head") }
    let fault = row.optionalText(3)
    self.init(
      handle: try row.handle(0), rootKey: try row.key(1), head: head ?? nil, fault: fault,
      faultAt: fault == nil ? nil : row.timestamp(4))
  }
}

extension StoredEvidence {
  /// Columns: handle, found_at, evidence.
  fileprivate init(_ row: Row) throws(StoreError) {
    guard let evidence = try? DirectoryEvidence(tlsEncoded: row.bytes(2)) else {
      throw .unreadable("evidence about a directory")
    }
    self.init(handle: try row.handle(0), foundAt: row.timestamp(1), evidence: evidence)
  }
}

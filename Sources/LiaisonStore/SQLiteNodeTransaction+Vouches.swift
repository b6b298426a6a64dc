package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction {
  private static let vouchColumns = "identifier, voucher, subject, expires_at, vouch, revocation"

  package func vouch(_ identifier: VouchIdentifier, of voucher: Address) throws(StoreError) -> VouchRecord? {
    try row(
      "SELECT \(Self.vouchColumns) FROM vouches WHERE voucher = ? AND identifier = ?", voucher.description,
      identifier.bytes
    ).map { row throws(StoreError) in try VouchRecord(row) }
  }

  package func save(_ vouch: VouchRecord) throws(StoreError) {
    try run(
      """
      INSERT INTO vouches (voucher, identifier, subject, vouch, revocation, expires_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET subject = excluded.subject, vouch = excluded.vouch, revocation = excluded.revocation,
        expires_at = excluded.expires_at
      """, vouch.voucher.description, vouch.identifier.bytes, vouch.subject?.description, vouch.vouch?.tlsEncoded,
      vouch.revocation?.tlsEncoded, vouch.expiresAt.integer)
  }

  package func removeVouches(of voucher: Address, but kept: Set<VouchIdentifier>) throws(StoreError) {
    let standing = try rows(
      "SELECT identifier FROM vouches WHERE voucher = ? AND vouch IS NOT NULL", voucher.description
    ).stored { row throws(StoreError) -> VouchIdentifier in try row.identifier(0) }
    for identifier in standing where !kept.contains(identifier) {
      try run("DELETE FROM vouches WHERE voucher = ? AND identifier = ?", voucher.description, identifier.bytes)
    }
  }

  package func vouches(by voucher: Address, limit: Int) throws(StoreError) -> [VouchRecord] {
    try rows(
      "SELECT \(Self.vouchColumns) FROM vouches WHERE voucher = ? ORDER BY identifier LIMIT ?", voucher.description,
      limit
    ).stored { row throws(StoreError) in try VouchRecord(row) }
  }

  package func vouchEdges(by voucher: Address, at now: Timestamp, limit: Int) throws(StoreError) -> [VouchEdge] {
    try rows(
      """
      SELECT identifier, subject FROM vouches WHERE voucher = ? AND subject IS NOT NULL AND expires_at > ?
      ORDER BY identifier LIMIT ?
      """, voucher.description, now.integer, limit
    ).stored { row throws(StoreError) in
      VouchEdge(identifier: try row.identifier(0), voucher: voucher, subject: try row.address(1))
    }
  }

  package func vouches(about subject: Address, limit: Int) throws(StoreError) -> [VouchRecord] {
    try rows("SELECT \(Self.vouchColumns) FROM vouches WHERE subject = ? LIMIT ?", subject.description, limit).stored {
      row throws(StoreError) in try VouchRecord(row)
    }
  }

  package func removeVouches(expiredBefore time: Timestamp, limit: Int) throws(StoreError) {
    let ended = try rows(
      "SELECT voucher, identifier FROM vouches WHERE expires_at < ? ORDER BY expires_at LIMIT ?", time.integer, limit)
    for row in ended {
      try run("DELETE FROM vouches WHERE voucher = ? AND identifier = ?", row.text(0), row.bytes(1))
    }
  }
}

extension VouchRecord {
  /// Columns: identifier, voucher, subject, expires_at, vouch, revocation.
  fileprivate init(_ row: Row) throws(StoreError) {
    do {
      self.init(
        identifier: try row.identifier(0), voucher: try row.address(1),
        subject: try row.optionalText(2).map { try Address($0) }, expiresAt: row.timestamp(3),
        vouch: try row.optionalBytes(4).map { try Unverified(tlsEncoded: $0) },
        revocation: try row.optionalBytes(5).map { try Unverified(tlsEncoded: $0) })
    } catch { throw .unreadable("a vouch") }
  }
}

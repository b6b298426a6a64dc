package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction: DutyStore {
  package func role(_ address: Address) throws(StoreError) -> RoleRecord? {
    guard let row = try row("SELECT card, offer, removal FROM roles WHERE address = ?", address.description) else {
      return nil
    }
    return try RoleRecord(row)
  }

  package func standingRoles() throws(StoreError) -> [RoleRecord] {
    try rows(
      "SELECT card, offer, removal FROM roles WHERE removal IS NULL ORDER BY address LIMIT ?", Limits.rolesMax
    )
    .stored { row throws(StoreError) in try RoleRecord(row) }
  }

  package func saveRole(_ role: RoleRecord) throws(StoreError) {
    try run(
      """
      INSERT INTO roles (address, serial, card, offer, removal) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET serial = excluded.serial, card = excluded.card, offer = excluded.offer,
        removal = excluded.removal
      """, role.content.address.description, role.content.serial.integer, role.card.tlsEncoded,
      role.offer.map(\.tlsEncoded), role.removal)
  }
}

extension RoleRecord {
  /// Columns: card, offer, removal.
  fileprivate init(_ row: Row) throws(StoreError) {
    do {
      let card = try Unverified<RoleCard>(tlsEncoded: row.bytes(0))
      let offer = try row.optionalBytes(1).map { try Unverified<DutyOffer>(tlsEncoded: $0) }
      self.init(card: card, content: try card.claim(), offer: offer, removal: row.optionalText(2))
    } catch { throw .unreadable("a role card") }
  }
}

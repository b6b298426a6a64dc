package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction: MemberStore {
  private static let columns = """
    address, name, discipline, role, card, serial, card_expires_at, revocation,
    (SELECT count(*) FROM devices d WHERE d.address = members.address)
    """

  package func member(_ address: Address) throws(StoreError) -> MemberRecord? {
    guard let row = try row("SELECT \(Self.columns) FROM members WHERE address = ?", address.description) else {
      return nil
    }
    return try MemberRecord(row)
  }

  package func members(after address: Address?, limit: Int) throws(StoreError) -> [MemberRecord] {
    try rows(
      "SELECT \(Self.columns) FROM members WHERE address > ? ORDER BY address LIMIT ?", address?.description ?? "",
      limit
    ).stored { row throws(StoreError) in try MemberRecord(row) }
  }

  package func members(cardsExpiringBefore time: Timestamp, limit: Int) throws(StoreError) -> [MemberRecord] {
    try rows(
      """
      SELECT \(Self.columns) FROM members WHERE revocation IS NULL AND card IS NOT NULL AND card_expires_at < ?
        AND EXISTS (SELECT 1 FROM devices d WHERE d.address = members.address)
      ORDER BY card_expires_at LIMIT ?
      """, time.integer, limit
    ).stored { row throws(StoreError) in try MemberRecord(row) }
  }

  package func renewMemberCards(at now: Timestamp) throws(StoreError) {
    try run(
      "UPDATE members SET card_expires_at = ? WHERE revocation IS NULL AND card IS NOT NULL AND card_expires_at > ?",
      now.integer, now.integer)
  }

  package func saveMember(_ member: MemberRecord) throws(StoreError) {
    try run(
      """
      INSERT INTO members (address, name, discipline, role, card, serial, card_expires_at, revocation)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET name = excluded.name, discipline = excluded.discipline, role = excluded.role,
        card = excluded.card, serial = excluded.serial, card_expires_at = excluded.card_expires_at,
        revocation = excluded.revocation
      """, member.address.description, member.profile.name, Int(member.profile.discipline.rawValue),
      member.profile.role, member.card.map(\.tlsEncoded), member.serial.integer,
      member.cardExpiresAt?.integer, member.revocation)
    try noteMember(member)
  }

  package func device(_ identifier: DeviceIdentifier) throws(StoreError) -> DeviceRecord? {
    try device(where: "device", identifier.bytes)
  }

  package func device(linkKey: DeviceLinkKey) throws(StoreError) -> DeviceRecord? {
    try device(where: "link_key", linkKey.bytes)
  }

  package func device(signatureKey: DeviceSignatureKey) throws(StoreError) -> DeviceRecord? {
    try device(where: "signature_key", signatureKey.bytes)
  }

  private func device(where column: String, _ value: [UInt8]) throws(StoreError) -> DeviceRecord? {
    guard
      let row = try row(
        "SELECT device, address, link_key, signature_key, enrolled_at, authorisation FROM devices WHERE \(column) = ?",
        value)
    else { return nil }
    return try DeviceRecord(row)
  }

  package func devices(of address: Address) throws(StoreError) -> [DeviceRecord] {
    if let known = pending.devices[address] { return known }
    let devices = try rows(
      """
      SELECT device, address, link_key, signature_key, enrolled_at, authorisation FROM devices WHERE address = ?
      ORDER BY enrolled_at, device
      """, address.description
    ).stored { row throws(StoreError) in try DeviceRecord(row) }
    pending.devices[address] = devices
    return devices
  }

  package func insertDevice(_ device: DeviceRecord) throws(StoreError) {
    pending.devices[device.address] = nil
    try run(
      """
      INSERT INTO devices (device, address, link_key, signature_key, enrolled_at, authorisation)
      VALUES (?, ?, ?, ?, ?, ?)
      """, device.identifier.bytes, device.address.description, device.linkKey.bytes, device.signatureKey.bytes,
      device.enrolledAt.integer, device.authorisation)
  }

  package func removeDevice(_ identifier: DeviceIdentifier) throws(StoreError) {
    try acknowledgeInbox(identifier, through: UInt64(Int64.max))
    pending.inboxes.forget(identifier)
    pending.devices = [:]
    try run("DELETE FROM devices WHERE device = ?", identifier.bytes)
    try removeWelcomeStates()
  }

  package func insertInvitation(_ invitation: InvitationRecord) throws(StoreError) {
    try run(
      "INSERT INTO invitations (secret_hash, address, expires_at, used_by) VALUES (?, ?, ?, ?)",
      invitation.secretHash, invitation.address.description, invitation.expiresAt.integer,
      invitation.usedBy?.bytes)
  }

  package func invitation(secretHash: [UInt8]) throws(StoreError) -> InvitationRecord? {
    guard
      let row = try row(
        "SELECT address, expires_at, used_by FROM invitations WHERE secret_hash = ?", secretHash)
    else { return nil }
    return InvitationRecord(
      secretHash: secretHash, address: try row.address(0), expiresAt: row.timestamp(1),
      usedBy: row.optionalBytes(2) == nil ? nil : try row.identifier(2))
  }

  package func openInvitationCount(of address: Address, at now: Timestamp) throws(StoreError) -> Int {
    try row(
      "SELECT count(*) FROM invitations WHERE address = ? AND used_by IS NULL AND expires_at > ?", address.description,
      now.integer)?.number(0) ?? 0
  }

  package func useInvitation(secretHash: [UInt8], by device: DeviceIdentifier) throws(StoreError) {
    try run(
      "UPDATE invitations SET used_by = ? WHERE secret_hash = ? AND used_by IS NULL", device.bytes, secretHash)
  }

  package func removeInvitations(of address: Address) throws(StoreError) {
    try run("DELETE FROM invitations WHERE address = ? AND used_by IS NULL", address.description)
  }
}

extension MemberRecord {
  /// Columns: address, name, discipline, role, card, serial, card_expires_at, revocation, devices.
  init(_ row: Row) throws(StoreError) {
    guard let discipline = Discipline(rawValue: UInt8(clamping: row.integer(2))) else {
      throw .unreadable("a discipline")
    }
    var card: Unverified<MemberCard>?
    if let bytes = row.optionalBytes(4) {
      do { card = try Unverified(tlsEncoded: bytes) } catch { throw .unreadable("a member card") }
    }
    self.init(
      address: try row.address(0), profile: MemberProfile(name: row.text(1), discipline: discipline, role: row.text(3)),
      card: card, serial: row.unsigned(5),
      cardExpiresAt: row.optionalInteger(6).map { Timestamp(milliseconds: UInt64(clamping: $0)) },
      revocation: row.optionalText(7),
      deviceCount: row.number(8))
  }
}

extension DeviceRecord {
  /// Columns: device, address, link_key, signature_key, enrolled_at, authorisation.
  init(_ row: Row) throws(StoreError) {
    self.init(
      identifier: try row.identifier(0), address: try row.address(1), linkKey: try row.key(2),
      signatureKey: try row.key(3), enrolledAt: row.timestamp(4), authorisation: row.optionalBytes(5))
  }
}

package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: KeyPackageStore {
  package func insertKeyPackage(
    _ keyPackage: KeyPackageRecord, for device: DeviceIdentifier
  ) throws(StoreError) {
    try insert(keyPackage, for: device, isLastResort: false)
  }

  package func replaceLastResort(
    _ keyPackage: KeyPackageRecord, for device: DeviceIdentifier
  ) throws(StoreError) {
    try run("DELETE FROM key_packages WHERE device = ? AND is_last_resort = 1", device.bytes)
    try insert(keyPackage, for: device, isLastResort: true)
  }

  private func insert(
    _ keyPackage: KeyPackageRecord, for device: DeviceIdentifier, isLastResort: Bool
  ) throws(StoreError) {
    try run(
      """
      INSERT INTO key_packages (reference, device, is_last_resort, expires_at, bytes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING
      """, keyPackage.reference, device.bytes, isLastResort ? 1 : 0, keyPackage.expiresAt.integer,
      keyPackage.bytes)
  }

  package func keyPackageCount(for device: DeviceIdentifier) throws(StoreError) -> Int {
    try row("SELECT count(*) FROM key_packages WHERE device = ? AND is_last_resort = 0", device.bytes)?.number(0) ?? 0
  }

  package func takeKeyPackage(
    for device: DeviceIdentifier, at time: Timestamp
  ) throws(StoreError) -> KeyPackageRecord? {
    let row = try row(
      """
      SELECT reference, bytes, expires_at, is_last_resort FROM key_packages WHERE device = ? AND expires_at > ?
      ORDER BY is_last_resort, expires_at LIMIT 1
      """, device.bytes, time.integer)
    guard let row else { return nil }
    if row.integer(3) == 0 { try run("DELETE FROM key_packages WHERE reference = ?", row.bytes(0)) }
    return KeyPackageRecord(reference: row.bytes(0), bytes: row.bytes(1), expiresAt: row.timestamp(2))
  }

  package func removeKeyPackages(of device: DeviceIdentifier) throws(StoreError) {
    try run("DELETE FROM key_packages WHERE device = ?", device.bytes)
  }

  package func removeKeyPackages(expiredBefore time: Timestamp) throws(StoreError) {
    try run("DELETE FROM key_packages WHERE expires_at < ?", time.integer)
  }
}

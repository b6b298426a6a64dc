internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// A vouch that this device has seen, or of which it has seen that it was taken back.
struct VouchRecord: TLSCodable {
  var identifier: VouchIdentifier
  var voucher: Address
  var expiresAt: Timestamp
  var vouch: Unverified<Vouch>?
  var revocation: Unverified<VouchRevocation>?

  init(_ vouch: Signed<Vouch>) {
    (identifier, voucher, expiresAt) = (vouch.content.identifier, vouch.content.voucher, vouch.content.expiresAt)
    self.vouch = vouch.unverified
  }

  init(_ revocation: Signed<VouchRevocation>) {
    let content = revocation.content
    (identifier, voucher, expiresAt) = (content.identifier, content.voucher, content.expiresAt)
    self.revocation = revocation.unverified
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a vouch's record has an unknown format") }
    identifier = try decoder.read()
    voucher = try decoder.read()
    expiresAt = try decoder.read()
    vouch = try decoder.readOptional()
    revocation = try decoder.readOptional()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(identifier)
    encoder.write(voucher)
    encoder.write(expiresAt)
    encoder.write(optional: vouch)
    encoder.write(optional: revocation)
  }
}

extension ProfileTransaction {
  func vouch(_ identifier: VouchIdentifier, of voucher: Address) throws -> VouchRecord? {
    let row = index(vouch: identifier, of: voucher)
    return try db.value(Data.self, sql: "SELECT value FROM vouches WHERE vouch = ?", arguments: [Data(row)])
      .map { try open($0, "vouches", row) }
  }

  func vouches() throws -> [VouchRecord] {
    try db.rows(sql: "SELECT vouch, value FROM vouches").map { row in
      try open(row["value"], "vouches", Array(row["vouch"] as Data))
    }
  }

  func save(_ vouch: VouchRecord) throws {
    let row = index(vouch: vouch.identifier, of: vouch.voucher)
    try db.run(
      sql: "INSERT INTO vouches (vouch, value) VALUES (?, ?) ON CONFLICT (vouch) DO UPDATE SET value = excluded.value",
      arguments: [Data(row), seal(vouch, "vouches", row)])
  }

  /// How long vouches that have ended are still shown to whoever asks: a month.
  static let endedVouchMilliseconds: UInt64 = 30 * 86_400_000

  func removeVouches(expiredBefore time: Timestamp) throws {
    for record in try vouches() where record.expiresAt < time {
      try db.run(
        sql: "DELETE FROM vouches WHERE vouch = ?",
        arguments: [Data(index(vouch: record.identifier, of: record.voucher))])
    }
  }

  /// Keeps vouches that their vouchers signed. One that was taken back is not brought back by coming again.
  func take(_ vouches: [Unverified<Vouch>], now: Timestamp) throws {
    for unverified in vouches {
      guard let claim = try? unverified.claim(), let card = try verifiedCard(claim.voucher, at: now),
        let vouch = try? unverified.verified(by: card), now < vouch.content.expiresAt
      else { continue }
      // Nor is it replaced by another one of its name.
      guard try self.vouch(claim.identifier, of: claim.voucher) == nil else { continue }
      try save(VouchRecord(vouch))
    }
  }

  /// Notes which vouches were taken back, until they would have ended. It counts whatever became of the voucher's card.
  func take(_ revocations: [Unverified<VouchRevocation>], now: Timestamp) throws {
    var counts: [Address: Int]?
    for unverified in revocations {
      guard let claim = try? unverified.claim(), let card = try seenCard(claim.voucher),
        let revocation = try? unverified.verified(by: card), now < revocation.content.expiresAt,
        (try? revocation.content.checkDate(at: now)) != nil
      else { continue }
      guard var record = try self.vouch(claim.identifier, of: claim.voucher) else {
        // Of a vouch that was never seen: a voucher has no more of them than their node takes.
        if counts == nil {
          try removeVouches(expiredBefore: now.subtracting(milliseconds: Self.endedVouchMilliseconds))
          counts = Dictionary(grouping: try self.vouches(), by: \.voucher).mapValues(\.count)
        }
        guard counts?[claim.voucher] ?? 0 < 2 * Limits.vouchRowsPerMemberMax else { continue }
        counts?[claim.voucher, default: 0] += 1
        try save(VouchRecord(revocation))
        continue
      }
      guard record.revocation == nil else { continue }
      record.revocation = unverified
      record.expiresAt = max(record.expiresAt, revocation.content.expiresAt)
      try save(record)
    }
  }
}

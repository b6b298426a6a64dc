package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction: ComCheckStore {
  package func comChecks(limit: Int) throws(StoreError) -> [ComCheckReport] {
    try reports(
      rows("SELECT number, identifier, statement FROM com_checks ORDER BY number DESC LIMIT ?", limit),
      columns: "handle, NULL, receipt_at, NULL, answer_at, NULL")
  }

  package func comCheck(_ number: UInt64) throws(StoreError) -> ComCheckReport? {
    try reports(rows("SELECT number, identifier, statement FROM com_checks WHERE number = ?", number.integer)).first
  }

  package func openComChecks(at now: Timestamp) throws(StoreError) -> [ComCheckReport] {
    try reports(
      rows(
        "SELECT number, identifier, statement FROM com_checks WHERE answer_by > ? ORDER BY number DESC LIMIT ?",
        now.integer, Limits.checksKeptMax))
  }

  package func comCheck(_ name: ComCheckIdentifier, of country: Handle) throws(StoreError) -> ComCheckReport? {
    try reports(
      rows("SELECT number, identifier, statement FROM com_checks WHERE identifier = ?", name.bytes), of: country
    ).first
  }

  /// Columns: number, identifier, statement. With one country alone, or all of them for nil.
  private func reports(
    _ rows: [Row], of country: Handle? = nil,
    columns: String = "handle, receipt, receipt_at, answer, answer_at, refusal"
  ) throws(StoreError) -> [ComCheckReport] {
    try rows.stored { row throws(StoreError) in
      let check: Unverified<ComCheck> = try decoded(row.bytes(2))
      let countries = try self.rows(
        """
        SELECT \(columns) FROM com_check_countries
        WHERE identifier = ? AND handle = ifnull(?, handle) ORDER BY handle
        """, row.bytes(1), country?.description
      ).stored { row throws(StoreError) in try ComCheckReport.Country(row) }
      return ComCheckReport(
        number: row.unsigned(0), check: check, content: try checkContent(of: check), countries: countries)
    }
  }

  package func insertComCheck(
    _ check: Signed<ComCheck>, of countries: [Handle], keeping kept: Int
  ) throws(StoreError) -> UInt64 {
    let identifier = check.unverified.name.bytes
    try run(
      "INSERT INTO com_checks (identifier, statement, answer_by) VALUES (?, ?, ?)", identifier, check.bytes,
      check.content.answerBy.integer)
    for country in countries {
      try run(
        "INSERT INTO com_check_countries (identifier, handle) VALUES (?, ?)", identifier, country.description)
    }
    try run(
      "DELETE FROM com_checks WHERE number <= (SELECT max(number) FROM com_checks) - ?", kept)
    guard let row = try row("SELECT number FROM com_checks WHERE identifier = ?", identifier) else {
      throw .unreadable("a communication check")
    }
    return row.unsigned(0)
  }

  package func save(_ country: ComCheckReport.Country, of check: ComCheckIdentifier) throws(StoreError) {
    try run(
      """
      UPDATE com_check_countries SET receipt = ?, receipt_at = ?, answer = ?, answer_at = ?, refusal = ?
      WHERE identifier = ? AND handle = ?
      """, country.receipt.map(\.tlsEncoded), country.receiptAt?.integer, country.answer.map(\.tlsEncoded),
      country.answerAt?.integer, country.refusal, check.bytes, country.handle.description)
  }

  private static let held = "statement, receipt, held_at, answer, is_confirmed, ends_at"

  package func heldComCheck(_ check: ComCheckIdentifier, of origin: Handle) throws(StoreError) -> HeldComCheck? {
    guard
      let row = try row(
        "SELECT \(Self.held) FROM held_com_checks WHERE origin = ? AND identifier = ?", origin.description,
        check.bytes)
    else { return nil }
    return try HeldComCheck(row)
  }

  package func heldComChecks(at now: Timestamp) throws(StoreError) -> [HeldComCheck] {
    // Each peer has few that are open.
    try rows(
      "SELECT \(Self.held) FROM held_com_checks WHERE ends_at > ? ORDER BY held_at LIMIT ?", now.integer,
      Limits.peersMax * Limits.openChecksMax
    ).stored { row throws(StoreError) in try HeldComCheck(row) }
  }

  package func lastComCheck(of origin: Handle, in time: ClosedRange<Timestamp>) throws(StoreError) -> Timestamp? {
    try row(
      "SELECT held_at FROM held_com_checks WHERE origin = ? AND held_at BETWEEN ? AND ? ORDER BY held_at DESC LIMIT 1",
      origin.description, time.lowerBound.integer, time.upperBound.integer
    ).map { $0.timestamp(0) }
  }

  package func save(_ check: HeldComCheck) throws(StoreError) {
    try run(
      """
      INSERT INTO held_com_checks (origin, identifier, statement, receipt, ends_at, held_at, answer, is_confirmed)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET answer = excluded.answer, is_confirmed = excluded.is_confirmed
      """, check.content.origin.description, check.check.name.bytes, check.check.tlsEncoded,
      check.receipt.tlsEncoded, check.endsAt.integer, check.heldAt.integer,
      check.answer.map(\.tlsEncoded), check.isConfirmed ? 1 : 0)
  }

  package func removeHeldComChecks(endedBefore time: Timestamp) throws(StoreError) {
    try run("DELETE FROM held_com_checks WHERE ends_at < ?", time.integer)
  }
}

extension ComCheckReport.Country {
  /// Columns: handle, receipt, receipt_at, answer, answer_at, refusal.
  fileprivate init(_ row: Row) throws(StoreError) {
    self.init(handle: try row.handle(0))
    if let bytes = row.optionalBytes(1) { receipt = try decoded(bytes) }
    receiptAt = row.optionalInteger(2).map { Timestamp(milliseconds: UInt64(clamping: $0)) }
    if let bytes = row.optionalBytes(3) { answer = try decoded(bytes) }
    answerAt = row.optionalInteger(4).map { Timestamp(milliseconds: UInt64(clamping: $0)) }
    refusal = row.optionalText(5)
  }
}

extension HeldComCheck {
  /// Columns: statement, receipt, held_at, answer, is_confirmed, ends_at.
  fileprivate init(_ row: Row) throws(StoreError) {
    let check: Unverified<ComCheck> = try decoded(row.bytes(0))
    var answer: ProvenAnswer?
    if let bytes = row.optionalBytes(3) { answer = try decoded(bytes) }
    self.init(
      check: check, content: try checkContent(of: check), receipt: try decoded(row.bytes(1)), heldAt: row.timestamp(2),
      endsAt: row.timestamp(5), answer: answer, isConfirmed: row.integer(4) == 1)
  }
}

private func decoded<Value: TLSDecodable>(_ bytes: [UInt8]) throws(StoreError) -> Value {
  do { return try Value(tlsEncoded: bytes) } catch { throw .unreadable("a communication check") }
}

private func checkContent(of check: Unverified<ComCheck>) throws(StoreError) -> ComCheck {
  do { return try check.claim() } catch { throw .unreadable("a communication check") }
}

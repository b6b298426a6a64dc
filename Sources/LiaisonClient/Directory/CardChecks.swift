internal import Crypto
internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// A card that a room showed of a member, and whether it was held against the member's directory.
struct CardCheck: TLSCodable {
  /// SHA-256 of the last card with which nothing more is to be done: it agrees with the directory or does not, or cannot be
  /// held against it; empty before the first.
  var settled: [UInt8] = []
  /// SHA-256 of the last card that was found in the directory; empty before the first.
  var proven: [UInt8] = []
  /// One that is still to be held against it.
  var pending: Unverified<MemberCard>?

  init() {}

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a card check has an unknown format") }
    settled = try decoder.readOpaque(bound: 32)
    proven = try decoder.readOpaque(bound: 32)
    pending = try decoder.readOptional()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(opaque: settled)
    encoder.write(opaque: proven)
    encoder.write(optional: pending)
  }

  static func digest(_ card: Unverified<MemberCard>) -> [UInt8] { Array(SHA256.hash(data: card.tlsEncoded)) }
}

extension ProfileTransaction {
  func cardCheck(_ address: Address) throws -> CardCheck {
    let value = try db.value(
      Data.self, sql: "SELECT value FROM cardChecks WHERE member = ?", arguments: [Data(index(address))])
    return try value.map { try open($0, "cardChecks", index(address)) } ?? CardCheck()
  }

  /// Members whose cards are still to be held against their directories, but for those who are dealt with.
  func pendingCardChecks(limit: Int, but busy: Set<Address>) throws -> [Address] {
    try db.rows(
      sql: "SELECT member, value FROM cardChecks WHERE isPending = 1 LIMIT ?", arguments: [limit + busy.count]
    )
    .compactMap { row in
      let check: CardCheck = try open(row["value"], "cardChecks", Array(row["member"] as Data))
      return try check.pending?.claim().address
    }
    .filter { !busy.contains($0) }.prefix(limit).map(\.self)
  }

  func save(_ check: CardCheck, _ address: Address) throws {
    let row = index(address)
    try db.run(
      sql: """
        INSERT INTO cardChecks (member, isPending, value) VALUES (?, ?, ?)
        ON CONFLICT (member) DO UPDATE SET isPending = excluded.isPending, value = excluded.value
        """, arguments: [Data(row), check.pending == nil ? 0 : 1, seal(check, "cardChecks", row)])
  }
}

/// Cards come into rooms in leaves, past the directory: each is held against it, so that a machine that a node adds to
/// somebody in rooms alone is seen too.
extension EngineStep {
  /// Cards that are held against directories at once.
  static var cardChecksMax: Int { 4 }

  /// Keeps the card of a member of a room, and has it held against that member's directory.
  func takeFromRoom(_ unverified: Unverified<MemberCard>) throws {
    try tx.take(unverified, now: now)
    guard let claim = try? unverified.claim(), let node = try tx.node(claim.address.handle)?.verified,
      (try? unverified.verified(by: node)) != nil
    else { return }
    if claim.address == identity.address { return try lookAtOwnCard(claim) }
    var check = try tx.cardCheck(claim.address)
    guard check.settled != CardCheck.digest(unverified), check.pending != unverified else { return }
    // Of two, the one with the higher serial says more.
    if let pending = try? check.pending?.claim(), pending.serial > claim.serial { return }
    check.pending = unverified
    try tx.save(check, claim.address)
  }

  /// A card was found in its directory: it need not be looked for.
  func noteInDirectory(_ card: Signed<MemberCard>) throws {
    var check = try tx.cardCheck(card.content.address)
    let digest = CardCheck.digest(card.unverified)
    guard check.proven != digest || check.pending == card.unverified else { return }
    (check.settled, check.proven) = (digest, digest)
    if check.pending == card.unverified { check.pending = nil }
    try tx.save(check, card.content.address)
  }

  /// The directory's answer about a member whose card a room showed.
  func settleCheck(of address: Address, _ answer: Frame.DirectoryAnswer) throws -> WorkOutcome {
    var check = try tx.cardCheck(address)
    guard let pending = check.pending, let shown = try? pending.claim() else { return .done }
    let country = address.handle
    let found: Signed<MemberCard>?
    do {
      let (cards, question) = try self.check(answer)
      // What the card is held against has to be the directory's: that is asked for meanwhile.
      guard question == nil else { return .retry(reason: "\(country) is asked how its directory goes on") }
      found = cards.first { $0.content.address == address }
    } catch let error as ClientError {
      if error.code == Self.pastDirectory { return .retry(reason: error.sentence) }
      try noteFault("\(country): \(error.sentence)", of: country)
      return .retry(reason: error.sentence)
    }
    if let found {
      try tx.take(found.unverified, now: now)
      try noteInDirectory(found)
      check = try tx.cardCheck(address)
      let isWithin = Set(shown.devices).isSubset(of: found.content.devices)
      if !isWithin, found.content.serial <= shown.serial {
        // An answer from before the card, which a bundle brought; that is believed as long as nodes keep such answers.
        let end = shown.issuedAt.adding(milliseconds: Limits.directoryCardCheckMilliseconds)
        if let head = try answer.head?.claim(), head.signedAt < shown.issuedAt, now < end {
          return .retry(reason: "the directory of \(country) is from before the card")
        }
        try noteFault("\(country) gave \(address) a machine in a room that is not in its directory", of: country)
      }
    }
    check.settled = CardCheck.digest(pending)
    check.pending = nil
    try tx.save(check, address)
    return .done
  }

  /// The directory may not be asked about a member: their card cannot be held against it.
  func giveUpCheck(of address: Address) throws {
    var check = try tx.cardCheck(address)
    if let pending = check.pending { check.settled = CardCheck.digest(pending) }
    check.pending = nil
    try tx.save(check, address)
  }
}

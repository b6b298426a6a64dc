internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonRooms
internal import MLS
internal import Sodium

/// How many key packages a device keeps at its node, so that it can be added to rooms while it is away.
enum KeyPackagePolicy {
  /// Below it, new ones are made.
  static let countMin = 20
  /// As many are made.
  static let countMax = 50
  /// Ones that expire sooner than this no longer count: 14 days.
  static let lifeLeftSecondsMin: UInt64 = 14 * 86_400
  /// How long after its end a key package may still be named by a welcome that was under way: as long as a node keeps it.
  static let graceSeconds = Limits.envelopeLifetimeMilliseconds / 1000
  /// For how long one program's upload keeps others from beginning the same.
  static let claimMilliseconds: UInt64 = 60_000
}

extension ProfileTransaction {
  func keyPackage(_ reference: [UInt8]) throws -> (bundle: KeyPackageBundle, isLastResort: Bool)? {
    let row = index(keyPackage: reference)
    guard
      let found = try db.row(
        sql: "SELECT lastResort, value FROM keyPackages WHERE reference = ?", arguments: [Data(row)])
    else { return nil }
    return (try openBundle(found["value"], row), found["lastResort"])
  }

  func deleteKeyPackage(_ reference: [UInt8]) throws {
    try db.run(
      sql: "DELETE FROM keyPackages WHERE reference = ?", arguments: [Data(index(keyPackage: reference))])
  }

  fileprivate func openBundle(_ sealed: Data, _ row: [UInt8]) throws -> KeyPackageBundle {
    guard var bytes = try? key.open(Array(sealed), context: Self.context(row)) else { throw ClientError.damagedStore }
    defer { wipe(&bytes) }
    return try KeyPackageBundle(serialized: bytes)
  }

  fileprivate func save(_ bundle: KeyPackageBundle, isLastResort: Bool, expiresAt: UInt64) throws {
    let row = index(keyPackage: bundle.reference.bytes)
    var bytes = bundle.serialized
    defer { wipe(&bytes) }
    try db.run(
      sql: "INSERT INTO keyPackages (reference, lastResort, uploaded, expiresAt, value) VALUES (?, ?, 0, ?, ?)",
      arguments: [Data(row), isLastResort, Int64(expiresAt), Data(key.seal(bytes, context: Self.context(row)))])
  }

  private static func context(_ row: [UInt8]) -> [UInt8] { Array("keyPackages".utf8) + [0] + row }
}

extension EngineStep {
  /// How an upload of key packages ended.
  enum UploadOutcome { case done, refused, failed }

  /// What has to be uploaded so that the node has enough, made where it is missing; `nil` where nothing has.
  func keyPackagesToUpload() throws -> (keyPackages: [[UInt8]], lastResort: [UInt8]?)? {
    try tx.db.run(
      sql: "DELETE FROM keyPackages WHERE expiresAt < ?",
      arguments: [Int64(now.seconds) - Int64(KeyPackagePolicy.graceSeconds)])
    let fresh = Int64(now.seconds + KeyPackagePolicy.lifeLeftSecondsMin)
    func count(lastResort: Bool) throws -> Int {
      try tx.db.value(
        Int.self, sql: "SELECT count(*) FROM keyPackages WHERE lastResort = ? AND expiresAt > ?",
        arguments: [lastResort, fresh]) ?? 0
    }
    // One more than the node said that it holds; 0 where it has not said so yet.
    let known = try tx.counter("keyPackagesAtNode")
    let present = try min(count(lastResort: false), known > 0 ? Int(clamping: known - 1) : .max)
    if present < KeyPackagePolicy.countMin {
      try tx.setCounter("keyPackagesAtNode", to: 0)
      for _ in present..<KeyPackagePolicy.countMax { try makeKeyPackage(isLastResort: false) }
    }
    if try count(lastResort: true) == 0 { try makeKeyPackage(isLastResort: true) }
    return try unsentKeyPackages()
  }

  private func unsentKeyPackages() throws -> (keyPackages: [[UInt8]], lastResort: [UInt8]?)? {
    let rows = try tx.db.rows(sql: "SELECT reference, lastResort, value FROM keyPackages WHERE uploaded = 0")
    guard !rows.isEmpty else { return nil }
    // Sent twice, a key package could be given out twice: another program may be at it.
    let claim = try tx.counter("keyPackageUpload")
    // One of the future was made by a clock that has been set back since.
    guard claim > now.milliseconds || now.milliseconds - claim > KeyPackagePolicy.claimMilliseconds else { return nil }
    try tx.setCounter("keyPackageUpload", to: now.milliseconds)
    var keyPackages: [[UInt8]] = []
    var lastResort: [UInt8]?
    for row in rows {
      let bundle = try tx.openBundle(row["value"], Array(row["reference"] as Data))
      let encoded = MLSMessage.keyPackage(bundle.keyPackage).tlsEncoded
      if row["lastResort"] as Bool { lastResort = encoded } else { keyPackages.append(encoded) }
    }
    return (keyPackages, lastResort)
  }

  private func makeKeyPackage(isLastResort: Bool) throws {
    let lifetime = RoomProfile.lifetime(from: now)
    let bundle = try KeyPackageBundle.generate(
      cipherSuite: RoomProfile.cipherSuite, credential: credential, signatureKey: identity.leafKey(),
      capabilities: RoomProfile.capabilities, lifetime: lifetime, lastResort: isLastResort, random: RandomSource(random)
    )
    try tx.save(bundle, isLastResort: isLastResort, expiresAt: lifetime.notAfter)
  }

  /// The upload that was claimed ended. What was refused is thrown away, so that new ones are made.
  func endKeyPackageUpload(_ outcome: UploadOutcome) throws {
    switch outcome {
    case .done: try tx.db.run(sql: "UPDATE keyPackages SET uploaded = 1 WHERE uploaded = 0")
    case .refused: try tx.db.run(sql: "DELETE FROM keyPackages WHERE uploaded = 0")
    case .failed: break
    }
    try tx.setCounter("keyPackageUpload", to: 0)
  }
}

extension Engine {
  /// Whether the node has what others need to add this device to rooms.
  package var hasKeyPackagesAtNode: Bool {
    get throws {
      try store.read { tx in
        try tx.db.value(
          Bool.self,
          sql:
            "SELECT EXISTS (SELECT 1 FROM keyPackages WHERE uploaded = 1) AND NOT EXISTS (SELECT 1 FROM keyPackages WHERE uploaded = 0)"
        ) ?? false
      }
    }
  }
}

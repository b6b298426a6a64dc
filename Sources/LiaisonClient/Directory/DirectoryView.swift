internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// What this device knows of a country's directory log.
struct DirectoryView: TLSCodable {
  /// Something that is wrong with the log and cannot be proven to others.
  struct Fault: TLSCodable, Equatable {
    let text: String
    let at: Timestamp
    /// Whether it needs no more than to be known, as that a node was restored from a backup.
    let isHarmless: Bool

    init(_ text: String, at: Timestamp, isHarmless: Bool = false) {
      self.text = text
      self.at = at
      self.isHarmless = isHarmless
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      text = try decoder.readString(bound: 1024)
      at = try decoder.read()
      isHarmless = try decoder.read(UInt8.self) == 1
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(string: text)
      encoder.write(at)
      encoder.write(UInt8(isHarmless ? 1 : 0))
    }
  }

  /// The country's when the head came: another root key has another log.
  let rootKey: RootKey
  /// The newest that was seen. It was verified when it came, and continues those before it.
  var head: Unverified<DirectoryHead>?
  /// Verified heads that wait to be held against that one; at most ``LiaisonModel/Limits/directoryHeadsWaitingMax``.
  var waiting: [Unverified<DirectoryHead>] = []
  /// What proves that the country showed two directories; at most ``LiaisonModel/Limits/directoryEvidencePerCountryMax``.
  var evidence: [DirectoryEvidence] = []
  var fault: Fault?
  /// Since when the country has not said how its log goes on from what was seen; `nil` where nothing is open.
  var unansweredSince: Timestamp?
  /// Whether the own node had a link with it when this device came last.
  var isLinked = false

  init(rootKey: RootKey) { self.rootKey = rootKey }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a directory has an unknown format") }
    rootKey = try decoder.read()
    head = try decoder.readOptional()
    waiting = try decoder.readVector(bound: 64 << 10)
    evidence = try decoder.readVector(bound: 64 << 10)
    fault = try decoder.readOptional()
    unansweredSince = try decoder.readOptional()
    isLinked = try decoder.read(UInt8.self) == 1
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(rootKey)
    encoder.write(optional: head)
    encoder.write(vector: waiting)
    encoder.write(vector: evidence)
    encoder.write(optional: fault)
    encoder.write(optional: unansweredSince)
    encoder.write(UInt8(isLinked ? 1 : 0))
  }
}

extension ProfileTransaction {
  /// What is known of a country's log, by the root key that the country has.
  func directory(of handle: Handle) throws -> DirectoryView? {
    guard let rootKey = try node(handle)?.rootKey else { return nil }
    let value = try db.value(
      Data.self, sql: "SELECT value FROM directories WHERE node = ?", arguments: [Data(index(handle))])
    let view: DirectoryView? = try value.map { try open($0, "directories", index(handle)) }
    if let view, view.rootKey == rootKey { return view }
    return DirectoryView(rootKey: rootKey)
  }

  func save(_ directory: DirectoryView, _ handle: Handle) throws {
    let row = index(handle)
    try db.run(
      sql: """
        INSERT INTO directories (node, value) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET value = excluded.value
        """, arguments: [Data(row), seal(directory, "directories", row)])
  }

  /// The countries whose nodes are known, by handle.
  func knownCountries() throws -> [Handle] {
    try nodes().compactMap { try? $0.card.claim().handle }.sorted()
  }
}

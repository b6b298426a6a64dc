internal import Foundation
package import LiaisonModel
package import LiaisonTrust
package import Sodium
internal import TLSPresentation

/// The charters that are known here, with the signatures and cards that were gathered, one small file each: what is
/// proposed, what was adopted, and what shows that a network is forked.
package struct CharterBox: Sendable {
  /// One charter.
  package struct Kept: Sendable {
    /// With the signatures of keys that may count.
    package var charter: VerifiedCharter
    /// Of its countries, as they came beside it.
    package var cards: [Handle: Signed<NodeCard>] = [:]
    /// The peer that brought it first; nil for administrators.
    package let from: Handle?
    /// When it came.
    package let seenAt: Timestamp

    /// Takes over the signatures and cards that `other` has and this one lacks; whether there were any.
    mutating func take(_ other: VerifiedCharter, _ cards: [Handle: Signed<NodeCard>]) -> Bool {
      var grew = charter.take(other)
      for (handle, card) in cards where card.content.serial > self.cards[handle]?.content.serial ?? 0 {
        self.cards[handle] = card
        grew = true
      }
      return grew
    }
  }

  private static let droppedName = "dropped"

  private let folder: String?
  private var kept: [CharterDigest: Kept] = [:]
  /// The oldest first.
  private var dropped: [CharterDigest] = []

  /// Charters that are kept in `folder`, which is made when it is needed; in memory alone where there is none. What cannot
  /// be read is as good as never seen: peers and files have it too.
  package init(folder: String? = nil) {
    self.folder = folder
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
    AtomicFile.removeLeftovers(in: folder)
    for name in names {
      guard let digest = CharterDigest(name),
        let bytes = try? AtomicFile.read("\(folder)/\(name)", limit: Limits.charterFileBytesMax + 64),
        let record = try? Record(tlsEncoded: bytes), let charter = try? record.file.charter.verified(),
        charter.digest == digest
      else { continue }
      kept[digest] = Kept(
        charter: charter, cards: record.file.cards(of: charter.content), from: record.from, seenAt: record.seenAt)
    }
    if let bytes = try? AtomicFile.read("\(folder)/\(Self.droppedName)", limit: 2 * 32 * Limits.chartersDroppedMax) {
      var decoder = TLSDecoder(bytes)
      dropped = (try? decoder.readVector()) ?? []
    }
  }

  /// All of them, the highest serial first.
  package var all: [Kept] {
    kept.values.sorted {
      ($1.charter.content.serial, $0.charter.digest) < ($0.charter.content.serial, $1.charter.digest)
    }
  }

  /// How many there are.
  package var count: Int { kept.count }

  package subscript(digest: CharterDigest) -> Kept? { kept[digest] }

  /// Whether administrators dropped it.
  package func isDropped(_ digest: CharterDigest) -> Bool { dropped.contains(digest) }

  /// Keeps a charter in place of what was known of it. Throws `FileError` where the disk refuses; it is known until the end
  /// of the process all the same.
  package mutating func keep(_ entry: Kept) throws(FileError) {
    let digest = entry.charter.digest
    kept[digest] = entry
    if isDropped(digest) {
      dropped.removeAll { $0 == digest }
      try writeDropped()
    }
    let file = CharterFile(entry.charter.signed, cards: entry.cards.values.map(\.unverified))
    try write(Record(file: file, from: entry.from, seenAt: entry.seenAt).tlsEncoded, as: "\(digest)")
  }

  /// Forgets a charter.
  package mutating func remove(_ digest: CharterDigest) {
    kept[digest] = nil
    if let folder { try? FileManager.default.removeItem(atPath: "\(folder)/\(digest)") }
  }

  /// Forgets it, and remembers that it is not taken again from peers. Throws `FileError` where the disk refuses.
  package mutating func drop(_ digest: CharterDigest) throws(FileError) {
    remove(digest)
    dropped = Array((dropped.filter { $0 != digest } + [digest]).suffix(Limits.chartersDroppedMax))
    try writeDropped()
  }

  private func writeDropped() throws(FileError) {
    var encoder = TLSEncoder()
    encoder.write(vector: dropped)
    try write(encoder.bytes, as: Self.droppedName)
  }

  private func write(_ bytes: [UInt8], as name: String) throws(FileError) {
    guard let folder else { return }
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try AtomicFile.write(bytes, to: "\(folder)/\(name)")
  }

  /// `struct { uint8 version = 1; CharterFile file; optional<Handle> from; Timestamp seen_at; } KeptCharter;`
  private struct Record: TLSCodable {
    let file: CharterFile
    let from: Handle?
    let seenAt: Timestamp

    init(file: CharterFile, from: Handle?, seenAt: Timestamp) {
      self.file = file
      self.from = from
      self.seenAt = seenAt
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a kept charter has an unknown version") }
      file = try decoder.read()
      from = try decoder.readOptional()
      seenAt = try decoder.read()
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(UInt8(1))
      encoder.write(file)
      encoder.write(optional: from)
      encoder.write(seenAt)
    }
  }
}

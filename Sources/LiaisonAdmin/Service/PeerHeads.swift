internal import Foundation
package import LiaisonModel
package import LiaisonTrust
package import Sodium
package import TLSPresentation

/// The newest head of each peer's trust log that was shown here and continues those before it, one small file each: what
/// a peer is told when it has lost entries.
package struct PeerHeads: Sendable {
  /// A second between two flushes for one peer, however fast its log grows.
  private static let flushMilliseconds: UInt64 = 1000

  private let folder: String?
  private var kept: [Handle: KeptHead] = [:]
  private var writtenAt: [Handle: Timestamp] = [:]
  private var unwritten: Set<Handle> = []

  /// Heads that are kept in `folder`, which is made when it is needed; in memory alone where there is none. What cannot
  /// be read is as good as never seen.
  package init(folder: String? = nil) {
    self.folder = folder
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
    AtomicFile.removeLeftovers(in: folder)
    for name in names {
      guard let handle = try? Handle(name), let bytes = try? AtomicFile.read("\(folder)/\(name)", limit: 64 << 10),
        let head = try? KeptHead(tlsEncoded: bytes)
      else { continue }
      kept[handle] = head
    }
  }

  /// What is kept of that peer's log, where `rootKey` is the peer's: whoever comes by the handle with another root key
  /// has another log.
  package func head(of peer: Handle, rootKey: RootKey) -> KeptHead? {
    kept[peer].flatMap { $0.rootKey == rootKey ? $0 : nil }
  }

  /// Keeps a head in place of the one before, on disk once a second for each peer: what comes faster waits for the next
  /// or for ``flush(at:)``. Throws `FileError` where the disk refuses; it is known until the end of the process all the
  /// same.
  package mutating func keep(_ head: KeptHead, of peer: Handle, at now: Timestamp) throws(FileError) {
    kept[peer] = head
    unwritten.insert(peer)
    try write(peer, at: now)
  }

  /// Writes what waited. Throws `FileError` where the disk refuses.
  package mutating func flush(at now: Timestamp) throws(FileError) {
    for peer in unwritten { try write(peer, at: now) }
  }

  private mutating func write(_ peer: Handle, at now: Timestamp) throws(FileError) {
    guard let folder, let head = kept[peer] else { return }
    // A clock that was set back holds nothing up.
    if let last = writtenAt[peer], last <= now, now < last.adding(milliseconds: Self.flushMilliseconds) { return }
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try AtomicFile.write(head.tlsEncoded, to: "\(folder)/\(peer)")
    writtenAt[peer] = now
    unwritten.remove(peer)
  }
}

/// What is kept of one peer's trust log.
///
/// ```
/// struct { Signed head; opaque entry<V>; uint64 told_at; } LostHead;
/// struct { uint8 version = 1; RootKey root; Signed head; LostHead lost<V>; } KeptHead;
/// ```
package struct KeptHead: Hashable, Sendable, TLSCodable {
  /// A head that counts no more, because the peer's owners said so.
  package struct Lost: Hashable, Sendable, TLSCodable {
    /// As the peer had signed it.
    package let head: Unverified<LogHead>
    /// The entry of the peer's log that let it go.
    package let entry: [UInt8]
    /// When that was shown here.
    package let toldAt: Timestamp

    package init(head: Unverified<LogHead>, entry: [UInt8], toldAt: Timestamp) {
      self.head = head
      self.entry = entry
      self.toldAt = toldAt
    }

    package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      head = try decoder.read()
      entry = try decoder.readOpaque(bound: 2048)
      toldAt = try decoder.read()
    }

    package func encode(to encoder: inout TLSEncoder) {
      encoder.write(head)
      encoder.write(opaque: entry)
      encoder.write(toldAt)
    }
  }

  /// The most that one peer may say it lost; what it loses after that stays as it was seen.
  package static let lostMax = 8

  /// The peer's when the head came.
  package let rootKey: RootKey
  /// The newest. Its signature was verified when it came.
  package let head: Unverified<LogHead>
  /// What it took the place of without continuing it, the oldest first.
  package let lost: [Lost]

  package init(rootKey: RootKey, head: Unverified<LogHead>, lost: [Lost]) {
    self.rootKey = rootKey
    self.head = head
    self.lost = lost
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a kept head has an unknown version") }
    rootKey = try decoder.read()
    head = try decoder.read()
    lost = try decoder.readVector(of: Lost.self, bound: 32 << 10)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(rootKey)
    encoder.write(head)
    encoder.write(vector: lost)
  }
}

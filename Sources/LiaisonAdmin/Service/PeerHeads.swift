internal import Foundation
package import LiaisonModel
package import LiaisonTrust
package import Sodium
internal import TLSPresentation

/// The newest head of each peer's trust log that was shown here and continues those before it, one small file each: what
/// a peer is told when it has lost entries.
package struct PeerHeads: Sendable {
  private let folder: String?
  private var heads: [Handle: Unverified<LogHead>] = [:]

  /// Heads that are kept in `folder`, which is made when it is needed; in memory alone where there is none. What cannot
  /// be read is as good as never seen.
  package init(folder: String? = nil) {
    self.folder = folder
    guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
    AtomicFile.removeLeftovers(in: folder)
    for name in names {
      guard let handle = try? Handle(name), let bytes = try? AtomicFile.read("\(folder)/\(name)", limit: 1024),
        let head = try? Unverified<LogHead>(tlsEncoded: bytes)
      else { continue }
      heads[handle] = head
    }
  }

  /// The head of that peer's log. Its signature was verified when it came.
  package subscript(_ peer: Handle) -> Unverified<LogHead>? { heads[peer] }

  /// Keeps a head in place of the one before. Throws `FileError` where the disk refuses; it is known until the end of the
  /// process all the same.
  package mutating func keep(_ head: Signed<LogHead>, of peer: Handle) throws(FileError) {
    heads[peer] = head.unverified
    guard let folder else { return }
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try AtomicFile.write(head.bytes, to: "\(folder)/\(peer)")
  }
}

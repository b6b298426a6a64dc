internal import Foundation
internal import LiaisonModel
internal import Sodium

/// A folder that only this user may enter, for as long as a backup is made or verified.
package enum WorkFolder {
  /// How long what a killed program has left stays, seconds.
  private static let leftoverSeconds: TimeInterval = 3600

  /// Runs `body` with a new folder beside `path`, whose name begins with that path's, and removes it. Removes first what
  /// a program that was killed has left there an hour ago or earlier. Throws file errors, and what `body` throws.
  package static func with<Result>(beside path: String, _ body: (String) throws -> Result) throws -> Result {
    removeLeftovers(beside: path)
    let folder = "\(path).work-\(Hex.encode(secureRandom(count: 6)))"
    try make(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// Makes the folder, which must be new: one that is there already could be somebody else's.
  package static func make(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  /// A place for it where nothing of the user's lies: among temporary files.
  package static var temporary: String {
    FileManager.default.temporaryDirectory.appendingPathComponent("liaison-backup").path
  }

  private static func removeLeftovers(beside path: String) {
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent().path
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(url.lastPathComponent + ".work-") {
      let left = "\(parent)/\(name)"
      let date = try? FileManager.default.attributesOfItem(atPath: left)[.modificationDate] as? Date
      if let date, date.timeIntervalSinceNow < -leftoverSeconds { try? FileManager.default.removeItem(atPath: left) }
    }
  }
}

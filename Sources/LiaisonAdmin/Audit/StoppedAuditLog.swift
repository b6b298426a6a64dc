internal import CommandKit
package import LiaisonTrust

/// All of an audit log that nobody writes meanwhile.
package enum StoppedAuditLog {
  /// Throws what is wrong with the log in `folder`, where it is not the one of which `mark` speaks: ``AuditFault``, and
  /// `FileError` where it cannot be read.
  package static func check(
    _ path: String, against mark: AuditMark, fileBytesMax: Int = AuditLog.fileBytesMax,
    filesMax: Int = AuditLog.filesMax
  ) throws {
    let folder = AuditFolder(path: path)
    let (names, strange) = folder.contents
    if let name = strange.first { throw AuditFault(strangeFile: name) }
    let files = try names.map { (first: $0, lines: try folder.lines(of: $0).lines) }
    // Only full files make room, and a head is signed long before half of them are new.
    let mayHaveRotated =
      files.count >= filesMax && files[files.count / 2].first < mark.size
      && files.dropLast().allSatisfy { file in
        file.lines.reduce(0) { $0 + $1.count + 1 } > fileBytesMax / 4 * 3
      }
    try mark.check(files.flatMap(\.lines), mayHaveRotated: mayHaveRotated)
    // Where lines are added and read, the names are believed.
    var next = files.first?.lines.first.flatMap { AuditLine($0) }?.line ?? mark.size
    for file in files {
      guard file.first == next else { throw AuditFault(next, "is in a file that is named by line \(file.first)") }
      next += UInt64(file.lines.count)
    }
  }
}

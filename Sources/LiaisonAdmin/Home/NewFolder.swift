internal import CommandKit
internal import Foundation
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A folder that is there as a whole or not at all.
enum NewFolder {
  /// Has `body` fill a folder beside `path`, which only its user may enter, and gives it that name last. Throws "cannot
  /// create" where `path` is there and is not an empty folder.
  static func make<Result>(_ path: String, _ body: (_ draft: String) throws -> Result) throws -> Result {
    try checkIsFree(path)
    try makeParents(of: path)
    let suffix = secureRandom(count: 6).map { String($0, radix: 36) }.joined()
    let draft = "\(path).new-\(suffix)"
    do {
      try make(draft)
      let result = try body(draft)
      guard rename(draft, path) == 0 else {
        throw CommandError(FileError(.create, path: path, errorNumber: errno))
      }
      return result
    } catch {
      try? FileManager.default.removeItem(atPath: draft)
      throw error
    }
  }

  /// One folder, which only its user may enter.
  static func make(_ path: String) throws(CommandError) {
    guard mkdir(path, 0o700) == 0 else { throw CommandError(FileError(.create, path: path, errorNumber: errno)) }
  }

  /// Throws "cannot create" where `path` is there and is not an empty folder.
  static func checkIsFree(_ path: String) throws(CommandError) {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return }
      throw CommandError(.cannotCreate, "\(escaped(path)) is there already and is not an empty folder")
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name == "." || name == ".." else {
        throw CommandError(.cannotCreate, "\(escaped(path)) is not empty; nothing was made or changed")
      }
    }
  }

  private static func makeParents(of folder: String) throws(CommandError) {
    var path = folder.hasPrefix("/") ? "" : "."
    for part in folder.split(separator: "/").dropLast() {
      path += "/" + part
      guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
        throw CommandError(FileError(.create, path: path, errorNumber: errno))
      }
    }
  }
}

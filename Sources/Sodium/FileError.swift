#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A file operation that the system refused.
public struct FileError: Error, Equatable, Sendable {
  /// What was tried.
  public enum Operation: String, Sendable {
    case open, inspect, create, read, write, flush, rename, link, limit, remove
  }

  /// What was tried.
  public let operation: Operation
  /// The file or folder.
  public let path: String
  /// The system's `errno`.
  public let errorNumber: Int32

  /// An error with the system's number for it.
  public init(_ operation: Operation, path: String, errorNumber: Int32) {
    self.operation = operation
    self.path = path
    self.errorNumber = errorNumber
  }

  /// Whether the file, or a folder on the way to it, does not exist.
  public var isMissing: Bool { errorNumber == ENOENT || errorNumber == ENOTDIR }
  /// Whether the file is already there.
  public var exists: Bool { errorNumber == EEXIST }
  /// Whether the disk or the quota is full, or the file may not grow (`ulimit -f`).
  public var isDiskFull: Bool { errorNumber == ENOSPC || errorNumber == EDQUOT || errorNumber == EFBIG }
}

extension FileError: CustomStringConvertible {
  /// One sentence for people, with the system's own words.
  public var description: String { "cannot \(operation.rawValue) \(path): \(String(cString: strerror(errorNumber)))" }
}

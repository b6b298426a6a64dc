import Foundation
import ProcessKit
import TestKit
import Testing

/// A file system of a few MiB in memory, which really fills up. Its folder is empty again once this goes.
final class SmallDisk {
  /// Whether file systems may be mounted here: root may, outside of most containers.
  static let isPossible: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryDirectory() else { return false }
    return (try? SmallDisk(at: folder.path("trial"), mebibytes: 1)) != nil
  }()

  /// What a test that needs one says where it is skipped.
  static let impossible: Comment = "no file system may be mounted here: this needs root"

  private let path: String
  private var ballast: String { path + "/ballast" }

  init(at path: String, mebibytes: Int) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    self.path = path
    let mounted = try Self.mount.run(["-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=0700", "tmpfs", path])
    guard mounted.status == 0 else { throw ProcessFailure("mount: \(mounted.errors)") }
  }

  /// Takes up all that is free.
  func fill() throws {
    _ = FileManager.default.createFile(atPath: ballast, contents: nil)
    let descriptor = open(ballast, O_WRONLY)
    defer { close(descriptor) }
    for size in [1 << 16, 1 << 12, 1] {
      let block = [UInt8](repeating: 7, count: size)
      while write(descriptor, block, size) > 0 {}
    }
    guard descriptor >= 0, errno == ENOSPC else { throw ProcessFailure("the disk does not fill up: \(errno)") }
  }

  /// Gives it back.
  func makeRoom() throws { try FileManager.default.removeItem(atPath: ballast) }

  deinit { _ = try? Self.unmount.run(["-l", path]) }

  private static let mount = Program(at: URL(fileURLWithPath: "/usr/bin/mount"))
  private static let unmount = Program(at: URL(fileURLWithPath: "/usr/bin/umount"))
}

public import Foundation

/// A new folder that goes with its last reference. Keep one in the test: `defer { withExtendedLifetime(folder) {} }`
/// where nothing else uses it to the end.
public final class TemporaryDirectory: Sendable {
  /// The folder.
  public let url: URL

  /// Makes a folder with mode 0700 under the system's temporary folder. With `inMemory` it lies where no flush waits for
  /// a disk, on systems that have such a place: for simulations, which crash programs and not machines.
  public init(inMemory: Bool = false) throws {
    let memory = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory.path)
    url = (isThere ? memory : FileManager.default.temporaryDirectory)
      .appendingPathComponent("liaison-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// The path of `name` in the folder.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}

public import Foundation

/// A new folder that goes with its last reference. Keep one in the test: `defer { withExtendedLifetime(folder) {} }`
/// where nothing else uses it to the end.
public final class TemporaryDirectory: Sendable {
  /// The folder.
  public let url: URL

  /// Makes a folder with mode 0700 under the system's temporary folder.
  public init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("liaison-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// The path of `name` in the folder.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}

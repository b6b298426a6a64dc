public import Foundation
public import Testing

/// Where published conformance vectors lie: `LIAISON_VECTORS`, else `../shared/vectors` beside the checkout.
public enum Vectors {
  /// The folder `name` of the vectors, or nil where there is none, in which case a suite reports itself as skipped:
  /// `.enabled(if: Vectors.directory("mls") != nil, Vectors.absent)`.
  public static func directory(_ name: String) -> URL? {
    var isDirectory: ObjCBool = false
    let folder = root.appendingPathComponent(name, isDirectory: true)
    let exists = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isDirectory)
    return exists && isDirectory.boolValue ? folder : nil
  }

  /// The files with the extension below `folder`, in order of their paths.
  public static func files(in folder: URL, withExtension pathExtension: String = "json") -> [URL] {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let urls = (files?.allObjects ?? []).compactMap { $0 as? URL }
    return urls.filter { $0.pathExtension == pathExtension }.sorted { $0.path < $1.path }
  }

  /// What a suite without its vectors says.
  public static let absent: Comment = "no vectors: neither LIAISON_VECTORS nor ../shared/vectors"

  private static var root: URL {
    if let path = ProcessInfo.processInfo.environment["LIAISON_VECTORS"], !path.isEmpty {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    return Checkout.root.deletingLastPathComponent().appendingPathComponent("shared/vectors", isDirectory: true)
  }
}

/// This project's files.
public enum Checkout {
  /// The folder that holds `Package.swift`.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

internal import FoundationEssentials
internal import LiaisonModel
internal import LiaisonProtocol
internal import Synchronization

/// How many bytes of chunks each room has. The disk knows it; a room is looked at once, when it is first added to.
final class RoomUsage: Sendable {
  private let folder: String
  private let limit: Int
  private let bytes = Mutex<[RoomIdentifier: Int]>([:])

  /// Rooms have folders of their own in `folder`.
  init(folder: String, limit: Int) {
    self.folder = folder
    self.limit = limit
  }

  /// Counts a chunk that is about to be kept. Throws where the room would have too much.
  func add(_ size: Int, to room: RoomIdentifier) throws(Frame.Failure) {
    try bytes.withLock { (bytes) throws(Frame.Failure) in
      let used = bytes[room] ?? storedBytes(of: room)
      guard used <= limit - size else {
        bytes[room] = used
        throw Quota.documentBytesPerRoom.failure
      }
      bytes[room] = used + size
    }
  }

  /// It was not kept.
  func remove(_ size: Int, from room: RoomIdentifier) {
    bytes.withLock { bytes in if let used = bytes[room] { bytes[room] = max(0, used - size) } }
  }

  private func storedBytes(of room: RoomIdentifier) -> Int {
    let path = "\(folder)/\(room)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      return sum + ((attributes?[.size] as? Int) ?? 0)
    }
  }
}

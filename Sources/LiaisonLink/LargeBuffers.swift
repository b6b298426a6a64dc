package import NIOCore
internal import Synchronization

/// Memory of a document's chunks and the frames that carry them, used again: a fresh megabyte costs the system as much as
/// hashing it.
///
/// A buffer is taken, filled, and kept here too while others read it. Whoever takes next gets one that nobody else holds
/// any more. What is larger or much smaller than a chunk's frame comes from the system and goes back to it.
package final class LargeBuffers: Sendable {
  package static let shared = LargeBuffers()

  /// Bytes from which a buffer is worth keeping.
  static let bytesMin = 256 << 10
  /// A chunk's frame, bytes.
  private static let bytes = (1 << 20) + 1024
  /// Buffers that are kept: what a few links have under way.
  private static let countMax = 24

  private let kept = Mutex<[ByteBuffer]>([])

  package init() {}

  /// An empty buffer that holds `count` bytes without growing.
  package func take(_ count: Int) -> ByteBuffer {
    guard Self.bytesMin...Self.bytes ~= count else { return ByteBufferAllocator().buffer(capacity: count) }
    let free = kept.withLock { kept -> ByteBuffer? in
      for index in kept.indices where kept[index].modifyIfUniquelyOwned({ $0.clear() }) != nil {
        return kept.remove(at: index)
      }
      return nil
    }
    return free ?? ByteBufferAllocator().buffer(capacity: Self.bytes)
  }

  /// Remembers a buffer that was taken and has been filled. From now on it must not be written to.
  package func keep(_ buffer: ByteBuffer) {
    guard Self.bytes...(Self.bytes * 2) ~= buffer.capacity else { return }
    kept.withLock { kept in if kept.count < Self.countMax { kept.append(buffer) } }
  }

  /// How many are kept now.
  package var count: Int { kept.withLock(\.count) }

  /// Gives everything back to the system, as soon as nobody reads it any more.
  package func letGo() { kept.withLock { $0 = [] } }
}

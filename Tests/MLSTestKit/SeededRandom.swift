internal import Crypto
internal import Foundation
package import MLS

extension RandomSource {
  /// Bytes that a seed repeats: SHA-256 of the seed and a counter. For vectors and tests, never for secrets.
  package static func seeded(_ seed: String) -> RandomSource {
    let stream = Stream(seed)
    return RandomSource { stream.next($0) }
  }

  private final class Stream: @unchecked Sendable {
    // Sendable: every access holds the lock.
    private let lock = NSLock()
    private let seed: [UInt8]
    private var counter: UInt64 = 0
    private var buffer: [UInt8] = []

    init(_ seed: String) {
      self.seed = Array(seed.utf8)
    }

    func next(_ count: Int) -> [UInt8] {
      lock.withLock {
        while buffer.count < count {
          buffer += SHA256.hash(data: seed + withUnsafeBytes(of: counter.bigEndian) { Array($0) })
          counter += 1
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
      }
    }
  }
}

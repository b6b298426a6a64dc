internal import Crypto
package import LiaisonModel

/// What happened in a region, folded into one value: two runs that are the same have the same.
package struct Trace {
  private var hash = SHA256()
  /// How many events there were.
  package private(set) var count = 0
  /// Gets each event in words, where somebody looks.
  package var listener: ((String) -> Void)?

  /// Something happened.
  mutating func note(_ what: StaticString, at now: Timestamp, _ numbers: UInt64..., bytes: [UInt8] = []) {
    count += 1
    var head = [UInt8](UnsafeBufferPointer(start: what.utf8Start, count: what.utf8CodeUnitCount))
    for number in [now.milliseconds] + numbers { withUnsafeBytes(of: number.littleEndian) { head += $0 } }
    hash.update(data: head)
    hash.update(data: bytes)
    guard let listener else { return }
    listener("\(now.milliseconds) \(what) \(numbers) \(Self.hexadecimal(bytes.prefix(8)))")
  }

  /// The value of all events so far, in hexadecimal digits.
  package var digest: String { Self.hexadecimal(hash.finalize()) }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

internal import Crypto
package import LiaisonModel
internal import TLSPresentation

/// What two people compare over another channel to know that nobody stands between them, the same for both: 60 digits, or
/// twelve words, half of each from either side's country root key and device signature keys.
package struct SafetyNumber: Sendable, Equatable, CustomStringConvertible {
  /// 60 decimal digits.
  package let digits: String
  /// Twelve words, for those who would rather read words to one another.
  package let words: [String]

  /// Twelve groups of five digits.
  package var groups: [String] {
    stride(from: 0, to: 60, by: 5).map { start in
      let from = digits.index(digits.startIndex, offsetBy: start)
      return String(digits[from..<digits.index(from, offsetBy: 5)])
    }
  }

  package var description: String { groups.joined(separator: " ") }

  /// One side of the comparison.
  package struct Party: Sendable {
    let address: Address
    let rootKey: RootKey
    let devices: [MemberCard.Device]

    /// A person with the keys that are believed to be theirs.
    package init(address: Address, rootKey: RootKey, devices: [MemberCard.Device]) {
      self.address = address
      self.rootKey = rootKey
      self.devices = devices
    }

    /// 30 digits: six times 40 bits of an iterated hash, each taken modulo 100,000; and six words of 16 bits, from the 12
    /// bytes behind those. Iterating makes it dear to search for keys whose digits or words look alike.
    fileprivate var half: (digits: String, words: [String]) {
      var encoder = TLSEncoder()
      encoder.write(string: "Liaison 1 safety number")
      encoder.write(address)
      encoder.write(rootKey)
      for key in devices.map(\.signatureKey.bytes).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        encoder.write(fixed: key)
      }
      let content = encoder.bytes
      var hash = Array(SHA512.hash(data: content))
      for _ in 1..<SafetyNumber.iterations { hash = Array(SHA512.hash(data: hash + content)) }
      let digits = stride(from: 0, to: 30, by: 5).map { start in
        let value = hash[start..<start + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000
        let text = String(value)
        return String(repeating: "0", count: 5 - text.count) + text
      }.joined()
      return (digits, Proquints.words(of: Array(hash[30..<42])))
    }
  }

  private static let iterations = 5200

  /// The number of two people; their order does not matter.
  package init(_ a: Party, _ b: Party) {
    let halves = [a.half, b.half].sorted { $0.digits < $1.digits }
    digits = halves.map(\.digits).joined()
    words = halves.flatMap(\.words)
  }
}

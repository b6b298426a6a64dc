/// Where the library's random bytes come from. The default is the system's generator; tests hand in a seeded one.
/// HPKE's ephemeral keys and ECDSA's nonces are drawn by swift-crypto itself, which takes no other source.
public struct RandomSource: Sendable {
  private let generate: @Sendable (Int) -> [UInt8]

  /// `generate` must return as many bytes as it is asked for, fit for keys.
  public init(_ generate: @escaping @Sendable (_ count: Int) -> [UInt8]) {
    self.generate = generate
  }

  public static let system = RandomSource { count in
    // Eight bytes a call, since each is one of the operating system's.
    var generator = SystemRandomNumberGenerator()
    var bytes = [UInt8](repeating: 0, count: count)
    for start in stride(from: 0, to: count, by: 8) {
      withUnsafeBytes(of: generator.next()) { word in
        for (place, byte) in zip(start..<count, word) { bytes[place] = byte }
      }
    }
    return bytes
  }

  package func bytes(_ count: Int) -> [UInt8] {
    let bytes = generate(count)
    precondition(bytes.count == count, "a random source returned a wrong number of bytes")
    return bytes
  }

  package func secret(_ count: Int) -> Secret { Secret(wiping: bytes(count)) }
}

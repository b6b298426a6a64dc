/// Words of five letters, consonants and vowels in turn, which people of any language can read to one another
/// (Wilkerson, "A Proposal for Proquints", 2009).
public enum Proquints {
  /// A word for each two bytes; an odd last byte counts for nothing.
  public static func words(of bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count / 2 * 2, by: 2).map { word(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])) }
  }

  private static func word(_ value: UInt16) -> String {
    let consonants = Array("bdfghjklmnprstvz")
    let vowels = Array("aiou")
    return String([
      consonants[Int(value >> 12 & 15)], vowels[Int(value >> 10 & 3)], consonants[Int(value >> 6 & 15)],
      vowels[Int(value >> 4 & 3)], consonants[Int(value & 15)],
    ])
  }
}

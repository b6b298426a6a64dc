/// Reads choices from a fuzzer's bytes; where these end, every further choice is 0.
struct Choices {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
  }

  mutating func next() -> Int { Int(bytes.popFirst() ?? 0) }

  /// One of the elements, of which there must be some.
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next() % elements.count] }

  mutating func rest() -> [UInt8] {
    defer { bytes = [] }
    return Array(bytes)
  }

  /// Bytes altered in up to seven places; with no choices left, in none.
  mutating func altered(_ original: [UInt8]) -> [UInt8] {
    var result = original
    for _ in 0..<next() % 8 {
      guard !result.isEmpty else { break }
      let place = (next() << 8 | next()) % result.count
      let length = min(result.count - place, 1 + next())
      switch next() % 7 {
      case 0: result[place] ^= 1 << UInt8(length % 8)
      case 1: result[place] = UInt8(length % 256)
      case 2: result.removeSubrange(place..<place + length)
      case 3: result.insert(UInt8(length % 256), at: place)
      case 4: result.insert(contentsOf: result[place..<place + length], at: place)
      case 5: result.replaceSubrange(place..<place + length, with: repeatElement(0, count: length))
      default: result.removeSubrange(place...)
      }
    }
    return result
  }
}

internal import LiaisonModel

/// Handles that an eye takes for one another. Handles hold only `[a-z0-9-]`; what remains confusable there is a digit
/// for a letter, two letters that touch, and a hyphen more or less. Two ISO 3166 codes are never alike.
enum LookAlike {
  /// The same for handles that look the same.
  static func skeleton(_ handle: Handle) -> String {
    let letters: [Character: Character] = [
      "0": "o", "1": "l", "2": "z", "5": "s", "6": "b", "8": "b", "9": "g",
    ]
    let pairs: [String: Character] = ["rn": "m", "vv": "w", "cl": "d"]
    let plain = handle.description.filter { $0 != "-" }.map { letters[$0] ?? $0 }
    var result = ""
    var index = 0
    while index < plain.count {
      if index + 1 < plain.count, let one = pairs[String(plain[index...index + 1])] {
        result.append(one)
        index += 2
      } else {
        result.append(plain[index])
        index += 1
      }
    }
    return result
  }
}

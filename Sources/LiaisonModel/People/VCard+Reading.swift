extension VCard {
  /// Properties of one card that are read: more than any address book writes. The rest is passed over.
  private static let propertiesMax = 256
  /// Of UTF-8, with which some address books begin their files.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The cards in a file, of versions 3.0 and 4.0, in their order, and the names on those of other versions, which are passed
  /// over. Lines may end in CR LF or LF, and be folded; a byte order mark may come first. Throws where it holds none, or one
  /// that does not end, or passes a bound.
  public static func read(_ bytes: [UInt8]) throws(ModelError) -> (cards: [VCard], passedOver: [String]) {
    guard bytes.count <= Limits.vCardBytesMax else { throw .malformed("this file is too long for vCards") }
    var cards: [VCard] = []
    var passedOver: [String] = []
    var open: VCard?
    for line in unfolded(bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(byteOrderMark.count)) : bytes) {
      guard let property = property(line) else { continue }
      switch (property.name, property.value.uppercased()) {
      case ("BEGIN", "VCARD"):
        guard open == nil else { throw .malformed("a vCard begins within another one") }
        guard cards.count + passedOver.count < Limits.vCardsMax else {
          throw .malformed("more than \(Limits.vCardsMax) vCards in a file")
        }
        open = VCard([])
      case ("END", "VCARD"):
        guard let card = open else { throw .malformed("a vCard ends that did not begin") }
        if let version = card.text("VERSION"), ["3.0", "4.0"].contains(version) {
          cards.append(card)
        } else {
          passedOver.append(card.text("FN") ?? card.text("N") ?? "")
        }
        open = nil
      default:
        if let count = open?.properties.count, count < propertiesMax { open?.properties.append(property) }
      }
    }
    guard open == nil else { throw .malformed("a vCard has no end") }
    guard !cards.isEmpty else {
      throw .malformed(
        passedOver.isEmpty ? "this file holds no vCard" : "this file holds no vCard of version 3.0 or 4.0")
    }
    return (cards, passedOver)
  }

  /// Logical lines: a line that begins with a blank goes on with the one before it (§3.2).
  private static func unfolded(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for var line in bytes.split(separator: 10, omittingEmptySubsequences: true) {
      if line.last == 13 { line = line.dropLast() }
      if let first = line.first, first == 32 || first == 9, !lines.isEmpty {
        lines[lines.count - 1] += line.dropFirst()
      } else if !line.isEmpty {
        lines.append(Array(line))
      }
    }
    return lines
  }

  /// `[group "."] name *(";" param) ":" value`, or `nil` where it is not that.
  private static func property(_ bytes: [UInt8]) -> Property? {
    guard let line = String(validating: bytes, as: UTF8.self) else { return nil }
    let scalars = Array(line.unicodeScalars)
    var position = 0
    /// Up to one of these, which is not taken.
    func word(until ends: Set<Unicode.Scalar>) -> String {
      var text = String.UnicodeScalarView()
      while position < scalars.count, !ends.contains(scalars[position]) {
        text.append(scalars[position])
        position += 1
      }
      return String(text)
    }
    var name = word(until: [";", ":"])
    if let dot = name.lastIndex(of: ".") { name = String(name[name.index(after: dot)...]) }
    guard isName(name) else { return nil }
    var property = Property(name.uppercased(), value: "")
    while position < scalars.count, scalars[position] == ";" {
      position += 1
      let name = word(until: ["=", ";", ":"]).uppercased()
      guard isName(name) else { return nil }
      // Version 2.1 wrote a value alone; it says nothing that is read here.
      guard position < scalars.count, scalars[position] == "=" else { continue }
      repeat {
        position += 1
        if position < scalars.count, scalars[position] == "\"" {
          position += 1
          property.parameters[name, default: []].append(parameter(word(until: ["\""])))
          guard position < scalars.count else { return nil }
          position += 1
        } else {
          property.parameters[name, default: []].append(parameter(word(until: [",", ";", ":"])))
        }
      } while position < scalars.count && scalars[position] == ","
    }
    guard position < scalars.count, scalars[position] == ":" else { return nil }
    var value = String.UnicodeScalarView()
    value.append(contentsOf: scalars[(position + 1)...])
    property.value = String(value)
    return property
  }

  private static func isName(_ text: String) -> Bool {
    1...64 ~= text.utf8.count
      && text.utf8.allSatisfy {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
          || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-")
      }
  }

  /// RFC 6868 undone.
  private static func parameter(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if isEscaped {
        isEscaped = false
        switch scalar {
        case "n": result.append("\n")
        case "'": result.append("\"")
        case "^": result.append("^")
        default:
          result.append("^")
          result.append(scalar)
        }
      } else if scalar == "^" {
        isEscaped = true
      } else {
        result.append(scalar)
      }
    }
    if isEscaped { result.append("^") }
    return String(result)
  }
}

/// What somebody types to find a person: words, in any order, of each of which the beginning is enough. Case and diacritics
/// do not count. A node and a device search by it in the same way, with SQLite's FTS5.
public struct PeopleWords: Hashable, Sendable {
  /// Words that contain something to look for.
  public let words: [String]
  /// Whether something was typed, be it nothing that can be found.
  public let isEmpty: Bool

  public init(_ text: String) {
    let parts = text.split(whereSeparator: \.isWhitespace)
    isEmpty = parts.isEmpty
    words = parts.prefix(Limits.searchWordsMax).map(String.init)
      .filter { $0.contains { $0.isLetter || $0.isNumber } }
  }

  /// How the texts are made into words, which is the same wherever they are searched.
  public static let tokenizer = "unicode61 remove_diacritics 2"

  /// The words as an expression of FTS5; `nil` where there are none.
  public var expression: String? {
    guard !words.isEmpty else { return nil }
    return words.map(Self.string).joined(separator: " ")
  }

  /// A string of FTS5, in which nothing is an operator, and of which the beginning of a word is enough. It goes by scalars: a
  /// quote with an accent is one character, and still ends a string. SQLite would read no further than a zero.
  private static func string(_ word: String) -> String {
    var result = "\""
    for scalar in word.unicodeScalars where scalar.value != 0 {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\"*"
  }

  /// The text of a person that is searched.
  public static func text(
    address: Address, name: String, discipline: Discipline, role: String, entry: PersonEntry?
  ) -> String {
    text(
      VCardPerson(
        address: address, name: name, role: role, institution: entry?.institution ?? "", duty: entry?.duty ?? "",
        discipline: discipline.description, languages: entry?.languages ?? [], timeZone: entry?.timeZone,
        alternate: entry?.alternate))
  }

  /// The same of a person as a vCard has them.
  public static func text(_ person: VCardPerson) -> String {
    let parts = [
      person.name, person.address.description, person.discipline, person.role, person.institution, person.duty,
      person.timeZone?.description ?? "", person.alternate?.description ?? "",
    ]
    return (parts + person.languages.map(\.description)).joined(separator: "\n")
  }
}

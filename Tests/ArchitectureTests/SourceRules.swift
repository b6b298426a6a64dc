/// The rules that every source file under `Sources` keeps. A pure function over text, so that it is tested itself.
enum SourceRules {
  struct Violation: Hashable, CustomStringConvertible {
    enum Rule: String {
      case unknownModule = "the module stands in no table"
      case importNotAllowed = "this module may not import that"
      case importWithoutAccess = "an import states its access level"
      case importAttribute = "an import of the tests or one re-exported"
      case foundationInPublic = "Foundation is not part of this module's public interface"
      case tooLong = "a file has at most 700 lines"
      case mayTrap = "a trap that bad input could reach"
      case unfinished = "unfinished work belongs in an issue"
    }

    let rule: Rule
    let file: String
    let line: Int

    var description: String { "\(file):\(line): \(rule.rawValue)" }
  }

  static let linesMax = 700

  /// What is wrong with one file; `path` is relative to `Sources`, as in `MLS/Tree/Node.swift`.
  static func violations(
    path: String, text: String, table: [(module: String, imports: Set<String>)] = AllowedImports.table
  ) -> [Violation] {
    let folders = path.split(separator: "/").map(String.init)
    let module = folders.first ?? ""
    let isGenerated = folders.contains("Generated") && path.hasSuffix(".pb.swift")
    var violations: [Violation] = []
    func report(_ rule: Violation.Rule, line: Int) { violations.append(Violation(rule: rule, file: path, line: line)) }

    let allowed = table.first { $0.module == module }?.imports
    if allowed == nil { report(.unknownModule, line: 1) }

    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if let statement = ImportStatement(line) {
        if let allowed, !allowed.contains(statement.module) { report(.importNotAllowed, line: index + 1) }
        if statement.access == nil { report(.importWithoutAccess, line: index + 1) }
        if statement.attributes.contains("testable") || statement.attributes.contains("_exported") {
          report(.importAttribute, line: index + 1)
        }
        if statement.access == "public", statement.module.hasPrefix("Foundation"),
          AllowedImports.withoutFoundationInPublic.contains(module)
        {
          report(.foundationInPublic, line: index + 1)
        }
      }
      if isGenerated { continue }
      if line.contains(/\btry!|\bas!|\bfatalError\(/) { report(.mayTrap, line: index + 1) }
      if line.contains(/\b(TODO|FIXME)\b/) { report(.unfinished, line: index + 1) }
    }
    // The last line's end is not a line of its own.
    let count = lines.count - (text.hasSuffix("\n") ? 1 : 0)
    if !isGenerated, count > linesMax { report(.tooLong, line: linesMax + 1) }
    return violations
  }
}

/// One `import` in a line of Swift.
struct ImportStatement: Equatable {
  let attributes: [String]
  let access: String?
  let module: String

  /// Nil where the line is no import.
  init?(_ line: some StringProtocol) {
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    let levels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    var words = line.split(whereSeparator: { $0.isWhitespace }).map { String($0) }[...]
    var attributes: [String] = []
    while let word = words.first, word.hasPrefix("@") {
      attributes.append(String(word.dropFirst().prefix { $0 != "(" }))
      words = words.dropFirst()
    }
    var access: String?
    if let word = words.first, levels.contains(word) {
      access = word
      words = words.dropFirst()
    }
    guard words.popFirst() == "import" else { return nil }
    if let word = words.first, kinds.contains(word) { words = words.dropFirst() }
    guard let path = words.first else { return nil }
    self.attributes = attributes
    self.access = access
    module = String(path.prefix { $0 != "." && $0 != ";" })
  }
}

package import ArgumentParser
internal import FoundationEssentials

/// The manual page of a program, in the language of man(7), made from the definitions that parse its command line.
package struct Manual {
  /// The programs and the sections that their pages are in.
  private static let sections = [("liaison", 1), ("liaisonctl", 1), ("liaisond", 8)]

  private let program: ManualCommand
  private let commands: [ManualCommand]

  /// The page of `root`. Throws where the library that parses describes commands in another way than this reads.
  package init(_ root: (some ParsableCommand).Type) throws {
    program = try JSONDecoder().decode(ManualCommand.Dump.self, from: Data(root._dumpHelp().utf8)).command
    commands = program.leaves
  }

  /// The whole page.
  package var page: String {
    let name = program.commandName
    let section = Self.sections.first { $0.0 == name }?.1 ?? 1
    var text = Roff()
    text.macro("TH", name.uppercased(), "\(section)", "", "Liaison \(releaseVersion)", "Liaison")
    text.macro("SH", "NAME")
    text.line("\(name) - \(program.sentence)")
    text.macro("SH", "SYNOPSIS")
    text.words(.bold(name), .italic("command"), .plain("[arguments]"))
    text.macro("SH", "DESCRIPTION")
    text.prose(program.discussion ?? "")
    text.macro("SH", "COMMANDS")
    for command in commands {
      text.macro("SS", command.path)
      text.words(command.usage(without: common))
      text.macro("PP")
      text.line(command.abstract ?? "")
      if let discussion = command.discussion {
        text.macro("PP")
        text.prose(discussion)
      }
      for argument in command.shown where !common.contains(argument) { text.item(argument) }
    }
    text.macro("SH", "OPTIONS")
    text.line("These are taken by most commands, before or after the command's name.")
    for argument in common { text.item(argument) }
    text.macro("SH", "EXIT STATUS")
    for status in ExitStatus.allCases { text.item(.bold("\(status.rawValue)"), status.meaning) }
    text.macro("SH", "SEE ALSO")
    let others = Self.sections.filter { $0.0 != name }.map { "\($0.0)(\($0.1))" }
    text.line(others.joined(separator: ", "))
    return text.page
  }

  /// What more than half of the commands take, in the same words: it is said once.
  private var common: [ManualCommand.Argument] {
    var counts: [ManualCommand.Argument: Int] = [:]
    for command in commands { for argument in command.shown { counts[argument, default: 0] += 1 } }
    let often = counts.filter { $0.key.kind != .positional && $0.value * 2 > commands.count }.keys
    return often.sorted { $0.label < $1.label }
  }
}

/// A command as the library that parses describes it.
private struct ManualCommand: Decodable {
  struct Dump: Decodable {
    let command: ManualCommand
  }

  struct Argument: Decodable, Hashable {
    enum Kind: String, Decodable {
      case positional, option, flag
    }

    struct Name: Decodable, Hashable {
      let kind: String
      let name: String

      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: Kind
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let defaultValue: String?
    let isOptional: Bool
    let isRepeating: Bool
    let shouldDisplay: Bool

    /// What it is listed by.
    var label: String { names?.last?.text ?? valueName ?? "" }

    var words: [Roff.Word] {
      let value = Roff.Word.italic(valueName ?? "")
      if kind == .positional { return [value] }
      let names = (names ?? []).map(\.text).joined(separator: ", ")
      return kind == .flag ? [.bold(names)] : [.bold(names), value]
    }
  }

  let commandName: String
  let superCommands: [String]?
  let abstract: String?
  let discussion: String?
  let arguments: [Argument]?
  let subcommands: [ManualCommand]?

  /// The command as it is typed, without what it takes.
  var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

  /// What it takes and shows.
  var shown: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }

  /// The abstract as a page's title has it.
  var sentence: String {
    var text = abstract ?? ""
    if text.last == "." { text.removeLast() }
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// The commands below it that do something.
  var leaves: [ManualCommand] {
    (subcommands ?? []).filter { $0.commandName != "help" }.flatMap { $0.subcommands == nil ? [$0] : $0.leaves }
  }

  func usage(without common: [Argument]) -> [Roff.Word] {
    var words: [Roff.Word] = [.bold(path)]
    let arguments = shown.filter { !common.contains($0) }
    for argument in arguments.filter({ $0.kind != .positional }) {
      let name = Roff.Word.bold((argument.names ?? []).last?.text ?? "")
      let own = argument.kind == .flag ? [name] : [name, .italic(argument.valueName ?? "")]
      words += argument.isOptional ? [.plain("[")] + own + [.plain("]")] : own
    }
    for argument in arguments.filter({ $0.kind == .positional }) {
      let value = Roff.Word.italic((argument.valueName ?? "") + (argument.isRepeating ? " ..." : ""))
      words += argument.isOptional ? [.plain("["), value, .plain("]")] : [value]
    }
    return words
  }
}

/// Text in the language of man(7).
private struct Roff {
  enum Word {
    case plain(String)
    case bold(String)
    case italic(String)
  }

  private(set) var page = ""

  mutating func macro(_ name: String, _ arguments: String...) {
    let quoted = arguments.map { " \"" + Self.escaped($0).replacing("\"", with: "\\(dq") + "\"" }
    page += ".\(name)" + quoted.joined() + "\n"
  }

  /// One line of running text.
  mutating func line(_ text: String) {
    guard !text.isEmpty else { return }
    let escaped = Self.escaped(text)
    page += (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
  }

  mutating func words(_ words: Word...) { self.words(words) }

  /// Words side by side; none between brackets and what they hold.
  mutating func words(_ words: [Word]) {
    var text = ""
    for word in words {
      let shown =
        switch word {
        case .plain(let text): Self.escaped(text)
        case .bold(let text): "\\fB" + Self.escaped(text) + "\\fR"
        case .italic(let text): "\\fI" + Self.escaped(text) + "\\fR"
        }
      if !text.isEmpty, !text.hasSuffix("["), shown != "]" { text += " " }
      text += shown
    }
    page += text + "\n"
  }

  /// Paragraphs; lines that are indented stay as they are.
  mutating func prose(_ text: String) {
    var isKept = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix(" ") != isKept {
        isKept.toggle()
        if isKept {
          macro("RS", "4")
          macro("nf")
        } else {
          macro("fi")
          macro("RE")
        }
      }
      if isKept {
        self.line(String(line.dropFirst(2)))
      } else if line.isEmpty {
        macro("PP")
      } else {
        self.line(String(line))
      }
    }
    if isKept {
      macro("fi")
      macro("RE")
    }
  }

  mutating func item(_ argument: ManualCommand.Argument) {
    macro("TP")
    words(argument.words)
    let usual = argument.defaultValue.map { " Otherwise \($0)." } ?? ""
    line((argument.abstract ?? "") + usual)
  }

  mutating func item(_ word: Word, _ meaning: String) {
    macro("TP")
    words(word)
    line(meaning)
  }

  /// Text that means itself: no escape, and no character that a typesetter would replace.
  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\e"
      case "-": escaped += "\\-"
      case "'": escaped += "\\(aq"
      case "^": escaped += "\\(ha"
      case "~": escaped += "\\(ti"
      case "`": escaped += "\\(ga"
      case _ where scalar.isASCII: escaped.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        escaped += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
      }
    }
    return escaped
  }
}

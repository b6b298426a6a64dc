import ArgumentParser
import CommandKit
import Testing

@Suite("The manual")
struct ManualTests {
  private struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "liaison", abstract: "Do things.",
      discussion: "First paragraph\nof two lines.\n\nExamples:\n  liaison one 'a\\b' --loud\n\nThe end.",
      subcommands: [One.self, Group.self])
  }

  private struct Group: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "group", subcommands: [Two.self])
  }

  private struct One: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "one", abstract: "Do one…")
    @Argument(help: "Of what.") var things: [String]
    @Flag(help: "Say so.") var loud = false
    @Option(help: "How often.") var times = 3
    @Option(help: ArgumentHelp("Hidden.", visibility: .hidden)) var secret: String?
    @Flag(help: "Everywhere.") var common = false
  }

  private struct Two: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "two", abstract: ".starts with a dot")
    @Argument(help: "Where.") var place: String?
    @Flag(help: "Everywhere.") var common = false
  }

  @Test("has every command with what it takes, and what most of them take once")
  func content() throws {
    let page = try Manual(Program.self).page
    let lines = page.split(separator: "\n").map(String.init)
    for expected in [
      #".TH "LIAISON" "1" "" "Liaison \#(releaseVersion)" "Liaison""#, #"liaison \- do things"#, ".SS \"liaison one\"",
      #"\fBliaison one\fR [\fB\-\-loud\fR] [\fB\-\-times\fR \fItimes\fR] \fIthings ...\fR"#,
      ".SS \"liaison group two\"", #"\fBliaison group two\fR [\fIplace\fR]"#, #"\fB\-\-times\fR \fItimes\fR"#,
      "How often. Otherwise 3.", "liaisonctl(1), liaisond(8)",
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
    #expect(lines.count { $0 == "Everywhere." } == 1)
    #expect(!page.contains("secret") && !page.contains("Hidden"))
    for status in ExitStatus.allCases { #expect(lines.contains(#"\fB\#(status.rawValue)\fR"#)) }
  }

  @Test("shows characters that mean something to a typesetter as they are")
  func escaping() throws {
    let page = try Manual(Program.self).page
    #expect(page.contains(#"liaison one \(aqa\eb\(aq \-\-loud"#))
    #expect(page.contains(#"Do one\[u2026]"#))
    #expect(page.contains("\n\\&.starts with a dot\n"))
    let isAllASCII = page.utf8.allSatisfy { $0 < 0x80 }
    #expect(isAllASCII)
  }

  @Test("keeps examples as they are typed, apart from the paragraphs")
  func examples() throws {
    let page = try Manual(Program.self).page
    #expect(page.contains("Examples:\n.RS \"4\"\n.nf\nliaison one"))
    #expect(page.contains("\\-\\-loud\n.fi\n.RE\n.PP\nThe end."))
  }
}

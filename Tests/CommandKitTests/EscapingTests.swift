import CommandKit
import Testing

@Suite struct EscapingTests {
  @Test(
    "what could steer a terminal is written out, in text and in JSON",
    arguments: [
      ("\u{1B}[2J", "\\u{1B}[2J", "\\u001b[2J"), ("a\u{7F}", "a\\u{7F}", "a\\u007f"),
      ("\u{9B}31m", "\\u{9B}31m", "\\u009b31m"),
      ("x\u{202E}y", "x\\u{202E}y", "x\\u202ey"), ("\u{FEFF}", "\\u{FEFF}", "\\ufeff"), ("1\n2", "1\\n2", "1\\n2"),
      ("\u{E0041}", "\\u{E0041}", "\\udb40\\udc41"),
    ])
  func hazards(text: String, shown: String, json: String) {
    #expect(escaped(text) == shown)
    #expect(Output.jsonLine([text]) == "[\"\(json)\"]")
  }

  @Test(
    "letters of every script, and the joiners Persian needs, stay",
    arguments: ["ნინო", "می\u{200C}خواهم", "Łódź/ü", "👍🏽"])
  func letters(text: String) {
    #expect(escaped(text) == text)
    #expect(Output.jsonLine([text]) == "[\"\(text)\"]")
  }

  @Test("line feeds stay where a text of several lines is shown, and nothing else does")
  func lines() { #expect(escaped("a\nb\r\u{7}", keepingLines: true) == "a\nb\\r\\u{7}") }

  @Test("a table's cells are escaped and its columns line up")
  func table() {
    #expect(
      Output.table([["NAME", "STATE"], ["x\ty", "active"], ["longer", ""]])
        == "NAME    STATE\nx\\ty    active\nlonger\n")
  }
}

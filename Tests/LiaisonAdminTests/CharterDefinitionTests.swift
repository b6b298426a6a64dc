import ArgumentParser
import CommandKit
import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Testing

@Suite("What people write and say of a charter") struct CharterDefinitionTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)
  private let text = """
    name: Three regions
    community: |
      Those who protect
      their facilities.
    threshold: 2
    countries:
      - {handle: xa, region: Westmark}
      - handle: xb
        region: "South: reach"
        card: xb.card
    """

  @Test("a definition is read as it stands, with texts of several lines")
  func reading() throws {
    let definition = try CharterDefinition(yaml: text, name: "network.yaml")
    #expect(definition.name == "Three regions" && definition.threshold == 2)
    #expect(definition.community == "Those who protect\ntheir facilities.\n")
    #expect(definition.countries.map(\.handle.description) == ["xa", "xb"])
    #expect(definition.countries.map(\.region) == ["Westmark", "South: reach"])
    #expect(definition.countries.map(\.card) == [nil, "xb.card"])
  }

  @Test(
    "what is wrong in one is said with its line",
    arguments: [
      ("threshold: 2", "threshold: two", "line 5: threshold is a number"),
      ("threshold: 2", "threshold: 99999999999999999999", "line 5: threshold is a number"),
      ("threshold: 2", "threshold: [2]", "line 5: threshold is one value"),
      ("threshold: 2", "level: 2", "line 5: there is no key level; the keys are name, community, threshold, countries"),
      ("threshold: 2\n", "", "line 1: threshold is missing"),
      ("region: Westmark", "zone: Westmark", "line 7: there is no key zone; the keys are handle, region, card"),
      ("{handle: xa, region: Westmark}", "xa", "line 7: a country is a handle and a region"),
      ("handle: xa,", "handle: 'x a',", "line 7: x a is no handle"),
      ("handle: xa, ", "", "line 7: handle is missing"),
      ("countries:\n", "countries: none\nx:\n", "there is no key x"),
      ("name: Three regions", "name: &a [*a]", "is not YAML"),
      ("name: Three regions", "\u{7}", "is not YAML"),
    ])
  func refusals(old: String, new: String, sentence: String) throws {
    let wrong = text.replacing(old, with: new)
    #expect(wrong != text)
    #expect {
      _ = try CharterDefinition(yaml: wrong, name: "network.yaml")
    } throws: { error in
      (error as? CommandError).map { $0.status == .badData && $0.sentence.contains(sentence) } ?? false
    }
  }

  @Test("a definition that is empty, no mapping, or names too many countries is refused")
  func others() {
    let many = "countries: [" + [String](repeating: "{handle: xa, region: r}", count: 65).joined(separator: ", ") + "]"
    for text in ["", "- a", "just words", "name: N\ncommunity: C\nthreshold: 33\n\(many)", "a: b: c", "%"] {
      #expect(throws: CommandError.self, "\(text.prefix(20))") { try CharterDefinition(yaml: text, name: "x") }
    }
  }

  @Test(
    "a charter becomes a definition that says the same, whatever its texts hold",
    arguments: [
      "plain", "'quoted' \"twice\"", "back\\slash \\n", "two\nlines\n", " spaces ", "# no comment", "key: value",
      "- no list",
      "{a: b}", "*a &b !c |", "null", "~", "1e3", "\t tab", "\u{0}\u{7}\u{1b}[31m", "\u{85}\u{2028}\u{2029}\u{feff}",
      "\u{fffe}\u{ffff}\u{10ffff}\u{e000}", "e\u{301} \u{e9}", "\u{202e}turned", "საქართველო 🏔", "\r\n", "%YAML", "---",
      "...",
    ])
  func roundTrip(text: String) throws {
    let countries = try [TrustKeeperTests.Country("xa"), TrustKeeperTests.Country("on")]
    let content = try charter(of: countries.map { try $0.member() }, name: text, community: text, at: now).content
    let read = try CharterDefinition(yaml: content.definition, name: "x")
    #expect(Array(read.name.utf8) == Array(text.utf8) && Array(read.community.utf8) == Array(text.utf8))
    #expect(read.threshold == Int(content.threshold))
    #expect(read.countries.map(\.handle.description) == ["on", "xa"])
    #expect(read.countries.allSatisfy { $0.region == "Westmark" && $0.card == nil })
  }

  @Test("red team: whoever signs says the fingerprint; what another charter may share does not do")
  func confirmation() throws {
    let countries = try [TrustKeeperTests.Country("xa"), TrustKeeperTests.Country("xb")]
    let content = try charter(of: countries.map { try $0.member() }, at: now).content
    let other = try charter(of: countries.map { try $0.member() }, name: "Other", at: now).content
    let digest = "\(content.digest)"
    func refusal(_ said: String?, named name: String = "network.charter") throws -> CommandError? {
      let confirmation = try CharterConfirmation.parse(said.map { ["--fingerprint", $0] } ?? [])
      do { try confirmation.run(content, named: name) } catch { return error }
      return nil
    }
    for said in [
      digest, digest.uppercased(), "\(content.digest.fingerprint)", content.digest.fingerprint.hexadecimal,
      content.digest.fingerprint.words.joined(separator: " "), String(digest.prefix(32)),
    ] { #expect(try refusal(said) == nil, "\(said)") }
    #expect(try refusal(nil, named: digest) == nil)
    for said in [
      "", String(digest.prefix(8)), String(digest.prefix(31)), String(digest.dropLast()), "\(other.digest)",
      "\(other.digest.fingerprint)", content.digest.fingerprint.words.prefix(7).joined(separator: " "),
    ] { #expect(try refusal(said)?.status == .notPermitted, "\(said)") }
    #expect(try refusal("\(other.digest)", named: String(digest.prefix(8)))?.status == .notPermitted)
  }
}

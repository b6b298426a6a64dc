import LiaisonModel
import Testing

@Suite("vCards")
struct VCardTests {
  private func people(_ text: String) throws -> [VCardPerson] {
    try VCard.read(Array(text.utf8)).cards.compactMap { VCardPerson($0) }
  }

  @Test("are read as they were written, whatever a person is called")
  func roundTrip() throws {
    let person = VCardPerson(
      address: try Address("ana@xa"),
      name: "Ána; \"Grid, Ltd\\\\\" \u{4E2D}\u{6587} " + String(repeating: "ö", count: 30),
      role: "line 1\nline 2", institution: "Grid; Operator, North", duty: "a:b;c,d", discipline: "cyber",
      languages: [try LanguageTag("ka"), try LanguageTag("en-GB")], timeZone: try TimeZoneName("Asia/Tbilisi"),
      alternate: try Address("bo@xb"))
    let text = person.card(revision: "20261122T173444Z").encoded
    #expect(try people(text) == [person])
    #expect(try people(text + text).count == 2)
    for line in text.split(separator: "\r\n") { #expect(line.utf8.count <= 75) }
    #expect(text.hasPrefix("BEGIN:VCARD\r\nVERSION:4.0\r\n") && text.hasSuffix("END:VCARD\r\n"))
    #expect(text.contains("REV:20261122T173444Z\r\n") && text.contains("LANG;PREF=1:ka\r\n"))
  }

  @Test("of other programs are read: folded, in groups, with quoted parameters, of version 3.0")
  func foreign() throws {
    let text = """
      begin:vcard
      version:3.0
      n:Arden;Ana;;Dr.;
      item1.X-LIAISON-ADDRESS;X-A="b;c:d,e";type=work,home:ana
       @xa
      ORG:Grid Operator;North\\; East
      item2.TEL;TYPE="cell":+999 1
      LANG:not a language
      TZ:-05:00
      RELATED;TYPE=friend:x@xb
      RELATED;VALUE=text;TYPE="agent":bo@xb
      PHOTO;ENCODING=b:AAAA
      no colon here
      end:vcard
      BEGIN:VCARD
      VERSION:4.0
      FN:Nobody
      IMPP:xmpp:nobody@example.org
      END:VCARD
      BEGIN:VCARD
      VERSION:4.0
      FN:Boris
      IMPP:LIAISON:boris@xb
      END:VCARD
      """
    let people = try people(text)
    #expect(people.map(\.address.description) == ["ana@xa", "boris@xb"])
    #expect(people[0].name == "Dr. Ana Arden" && people[0].institution == "Grid Operator")
    #expect(people[0].languages.isEmpty && people[0].timeZone == nil)
    #expect(try people[0].alternate == Address("bo@xb"))
    #expect(try VCard.read(Array(text.utf8)).cards.count == 3)
  }

  @Test("of other versions are passed over by name, and a byte order mark hides nothing")
  func otherVersions() throws {
    let text = """
      \u{FEFF}BEGIN:VCARD
      VERSION:4.0
      FN:Ana
      X-LIAISON-ADDRESS:ana@xa
      END:VCARD
      BEGIN:VCARD
      VERSION:2.1
      FN:Old Phone
      X-LIAISON-ADDRESS:old@xa
      END:VCARD
      """
    let read = try VCard.read(Array(text.utf8))
    #expect(read.cards.compactMap { VCardPerson($0)?.address.description } == ["ana@xa"])
    #expect(read.passedOver == ["Old Phone"])
  }

  @Test("that are none are refused, each with its reason")
  func refused() throws {
    for (text, reason) in [
      ("", "holds no vCard"), ("FN:x", "holds no vCard"), ("BEGIN:VCARD\nVERSION:4.0", "has no end"),
      ("END:VCARD", "did not begin"), ("BEGIN:VCARD\nBEGIN:VCARD", "within another"),
      ("BEGIN:VCARD\nVERSION:2.1\nEND:VCARD", "no vCard of version 3.0 or 4.0"),
      ("BEGIN:VCARD\nEND:VCARD", "no vCard of version 3.0 or 4.0"),
    ] {
      #expect { try VCard.read(Array(text.utf8)) } throws: { ($0 as? ModelError)?.sentence.contains(reason) ?? false }
    }
    let card = "BEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n"
    #expect(throws: ModelError.self) { try VCard.read(Array(String(repeating: card, count: 10_001).utf8)) }
    #expect(throws: ModelError.self) { try VCard.read([UInt8](repeating: 65, count: Limits.vCardBytesMax + 1)) }
    // Texts are cut to what the directory would hold, between characters.
    let long = try people(
      "BEGIN:VCARD\nVERSION:4.0\nFN:\(String(repeating: "ö", count: 100))\nIMPP:liaison:a@xa\nEND:VCARD")
    #expect(long.first?.name == String(repeating: "ö", count: 64))
  }
}

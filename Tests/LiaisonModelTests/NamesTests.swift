import LiaisonModel
import Testing

@Suite("Names")
struct NamesTests {
  @Test("A handle is 2 to 32 of a-z, 0-9 and -", arguments: ["xa", "a1-b2", String(repeating: "z", count: 32)])
  func handles(text: String) throws {
    #expect(try Handle(text).description == text)
  }

  @Test(
    "Anything else is no handle, look-alikes of other scripts included",
    arguments: ["", "x", "XA", "x a", "x_a", "xа", "x\u{0}a", String(repeating: "z", count: 33)])
  func handlesRefused(text: String) {
    #expect(throws: ModelError.self) { try Handle(text) }
  }

  @Test("An address splits at its @")
  func addresses() throws {
    let address = try Address("nino.beridze@ge")
    #expect(address.member == "nino.beridze")
    #expect(address.handle.description == "ge")
    #expect(try Address(tlsEncoded: address.tlsEncoded) == address)
  }

  @Test(
    "Anything else is no address",
    arguments: ["", "@ge", "nino", "nino@", "nino@g", "nino@ge@xa", ".nino@ge", "Nino@ge", "ni no@ge", "nino\n@ge"])
  func addressesRefused(text: String) {
    #expect(throws: ModelError.self) { try Address(text) }
  }

  @Test(
    "Endpoints carry names, IPv4 and bracketed IPv6", arguments: ["node.example:7401", "127.0.0.1:1", "[::1]:65535"])
  func endpoints(text: String) throws {
    #expect(try Endpoint(text).description == text)
  }

  @Test(
    "Anything else is no endpoint",
    arguments: ["", "host", "host:", "host:65536", "host:+1", "host:01", "[host]:1", "::1:7401", ":7401", "a b:1"])
  func endpointsRefused(text: String) {
    #expect(throws: ModelError.self) { try Endpoint(text) }
  }

  @Test("Hexadecimal survives the round trip and refuses the rest")
  func hexadecimal() {
    #expect(Hex.decode(Hex.encode(Array(0...255))) == Array(0...255))
    #expect(Hex.decode("0g") == nil)
    #expect(Hex.decode("012") == nil)
  }

  @Test("Markings are written as FIRST writes them, and read leniently")
  func markings() throws {
    #expect(
      Marking.allCases.map(\.description)
        == ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"])
    #expect(try Marking("amber+strict") == .amberStrict)
    #expect(try Marking("tlp:red") == .red)
    #expect(throws: ModelError.self) { try Marking("TLP:WHITE") }
    #expect(Marking.amber < .amberStrict)
  }

  @Test("Precedences are in order")
  func precedences() throws {
    #expect(Precedence.allCases.sorted() == [.routine, .priority, .immediate, .flash])
    #expect(try Precedence("FLASH") == .flash)
    #expect(throws: ModelError.self) { try Precedence("urgent") }
  }
}

import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("The next node card") struct NodeKeyChangeTests {
  private let country = Country("xa")
  private let spare = SigningKey<NodePurpose>().publicKey

  private func next(_ card: NodeCard, _ change: NodeKeyChange?, spare: NodeKey?) throws(ModelError) -> NodeCard {
    try card.next(change, spare: spare, endpoints: [], lifetimeMilliseconds: day, at: noon)
  }

  @Test("a rotation names the next key, then uses it, then lets the old one go, each with a higher serial")
  func rotation() throws {
    let old = country.node.publicKey
    let first = try country.card().claim()
    let announced = try next(first, .announce, spare: spare)
    let used = try next(announced, .use, spare: spare)
    let retired = try next(used, .retire, spare: nil)
    #expect([first, announced, used, retired].map(\.serial) == [1, 2, 3, 4])
    #expect([announced, used, retired].map(\.nodeKeys) == [[old, spare], [spare, old], [spare]])
    #expect(try next(announced, nil, spare: spare).nodeKeys == announced.nodeKeys)
    #expect(try first.next(nil, spare: nil, serial: 9, endpoints: [], lifetimeMilliseconds: day, at: noon).serial == 9)
  }

  @Test("no step is taken before its time, nor without a key, nor to a serial that was there")
  func refusals() throws {
    let first = try country.card().claim()
    #expect(throws: ModelError.self) { try next(first, .use, spare: spare) }
    #expect(throws: ModelError.self) { try next(first, .announce, spare: nil) }
    #expect(throws: ModelError.self) { try next(next(first, .announce, spare: spare), .announce, spare: spare) }
    let full = try country.card(nodeKeys: (0..<4).map { _ in SigningKey<NodePurpose>().publicKey }).claim()
    #expect(throws: ModelError.self) { try next(full, .announce, spare: spare) }
    #expect(throws: ModelError.self) {
      try first.next(nil, spare: nil, serial: 1, endpoints: [], lifetimeMilliseconds: day, at: noon)
    }
    let last = try country.card(serial: .max).claim()
    #expect(throws: ModelError.self) { try next(last, nil, spare: nil) }
    #expect(throws: ModelError.self) { try last.checkFollows(.max) }
    for (serial, follows) in [
      (1, false), (2, true), (2 + NodeCard.serialGapMax, true), (3 + NodeCard.serialGapMax, false),
    ]
      as [(UInt64, Bool)]
    {
      #expect(((try? first.checkFollows(serial)) != nil) == follows, "\(serial)")
    }
  }

  @Test("a request is its node's where a key that the card would name signed it")
  func request() throws {
    let card = try country.card().claim()
    let good = Signed(NodeCardRequest(card: card), by: country.node).unverified
    #expect(try good.verifiedBySelf().signer == country.node.publicKey)
    #expect(try good.verifiedBySelf().request.card == card)
    #expect(throws: ModelError.self) {
      try Signed(NodeCardRequest(card: card), by: SigningKey()).unverified.verifiedBySelf()
    }
  }

  @Test("a card is replaced by the root key at its place in the log, and by nobody else")
  func replaced() throws {
    var log = try Log()
    let key = SigningKey<NodePurpose>()
    func entry(
      serial: UInt64 = 2, by root: SigningKey<RootPurpose>, of country: Country, position: LogPosition
    ) throws -> [UInt8] {
      let card = try country.card(serial: serial, nodeKeys: [key.publicKey])
      return LogEntry.cardReplaced(
        Signed(CardReplaced(position: position, replacedAt: noon, card: card), by: root).unverified
      ).tlsEncoded
    }
    let (own, position) = (log.own, log.log.nextPosition)
    let other = Country("xa")
    let cases: [([UInt8], TrustError.Code)] = [
      (try entry(by: other.root, of: own, position: position), .malformed),
      (try entry(by: other.root, of: other, position: position), .cardRefused),
      (try entry(serial: 1, by: own.root, of: own, position: position), .cardRefused),
      (
        try entry(by: own.root, of: own, position: LogPosition(sequence: 1, previousRoot: position.previousRoot)),
        .wrongPosition
      ),
    ]
    for (bytes, code) in cases { #expect(try log.refusal(entry: bytes)?.code == code) }
    let record = try log.append(entry(by: own.root, of: own, position: position))
    #expect(record.author == .root(own.root.publicKey))
    #expect(log.registry.ownCard?.content.nodeKeys == [key.publicKey])
    // What a stolen key signs of this log does not count any more.
    #expect(log.registry.ownNodeKeys == [key.publicKey])
    // Never twice.
    #expect(
      try log.refusal(entry: entry(serial: 3, by: own.root, of: own, position: position))?.code == .wrongPosition)
  }
}

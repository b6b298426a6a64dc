import LiaisonModel
import MerkleLog
import TLSPresentation
import Testing

/// A directory log as a node would keep it, and as a liar would.
struct SampleLog {
  /// Of the node that keeps it.
  static var card: Unverified<NodeCard> {
    get throws { Signed(try Samples.nodeCard(), by: Samples.root).unverified }
  }

  var tree = MerkleTree()
  var beganAt = Samples.now

  init(_ names: [String] = []) throws {
    for name in names { try add(name) }
  }

  /// Appends a card of that member.
  @discardableResult
  mutating func add(_ member: String) throws -> Unverified<MemberCard> {
    let card = Signed(try Samples.memberCard(address: "\(member)@xa"), by: Samples.node).unverified
    tree.append(.leaf(DirectoryEntry.card(card).record(of: try Address("\(member)@xa")).tlsEncoded))
    return card
  }

  func head(_ size: Int? = nil, signedAt: Timestamp? = nil) throws -> Unverified<DirectoryHead> {
    let size = size ?? tree.size
    return Signed(
      DirectoryHead(
        handle: try Handle("xa"), beganAt: beganAt, size: UInt64(size), root: try tree.root(size: size).bytes,
        signedAt: signedAt ?? Samples.now), by: Samples.node
    ).unverified
  }

  func continuation(from size: Int) throws -> DirectoryContinuation {
    DirectoryContinuation(
      root: try tree.root(size: size).bytes,
      path: try tree.consistencyProof(from: size, to: tree.size).map(\.bytes))
  }

  func inclusion(_ index: Int) throws -> DirectoryInclusion {
    DirectoryInclusion(
      index: UInt64(index), path: try tree.inclusionProof(index: index, size: tree.size).map(\.bytes))
  }
}

@Suite("A directory log")
struct DirectoryTests {
  private var card: Signed<NodeCard> { get throws { Signed(try Samples.nodeCard(), by: Samples.root) } }

  private func evidence(_ new: Unverified<DirectoryHead>, _ known: Unverified<DirectoryHead>) throws
    -> DirectoryEvidence
  {
    guard case .contradictory(let evidence) = try new.relation(to: known, by: SampleLog.card) else { throw Missing() }
    return evidence
  }

  private struct Missing: Error {}

  @Test("proves that a card is in it, and that another one is not")
  func inclusion() throws {
    var log = try SampleLog(["ana", "bo", "cy", "di", "ed"])
    let card = try log.add("fay")
    let head = try log.head().verified(by: try self.card).content
    let proof = try log.inclusion(5)
    try proof.check(card, of: Address("fay@xa"), under: head)
    // The same card for somebody else, another place, a shorter log, a longer path, and no path at all.
    #expect(throws: ModelError.self) { try proof.check(card, of: Address("ana@xa"), under: head) }
    #expect(throws: ModelError.self) { try log.inclusion(4).check(card, of: Address("fay@xa"), under: head) }
    let before = try log.head(5).claim()
    #expect(throws: ModelError.self) { try proof.check(card, of: Address("fay@xa"), under: before) }
    for path in [proof.path + [proof.path[0]], Array(proof.path.dropLast()), [], [[1, 2]]] {
      #expect(throws: ModelError.self) {
        try DirectoryInclusion(index: 5, path: path).check(card, of: Address("fay@xa"), under: head)
      }
    }
    #expect(throws: ModelError.self) {
      try DirectoryInclusion(index: .max, path: proof.path).check(card, of: Address("fay@xa"), under: head)
    }
  }

  @Test("goes on from each of its earlier heads")
  func continues() throws {
    let log = try SampleLog((0..<9).map { "m\($0)" })
    for size in 1..<9 {
      guard case .ofOtherSize(let lesser, let greater) = try log.head().relation(to: log.head(size), by: SampleLog.card)
      else {
        throw Missing()
      }
      guard
        case .continues = try log.continuation(from: size).verdict(lesser: lesser, greater: greater, by: SampleLog.card)
      else {
        Issue.record("size \(size) is not shown to go on")
        continue
      }
    }
    let empty = try log.head(0)
    guard
      case .continues = try DirectoryContinuation(root: [], path: []).verdict(
        lesser: empty, greater: log.head(), by: SampleLog.card)
    else { throw Missing() }
    guard
      case .same = try log.head(9, signedAt: Samples.now.adding(milliseconds: 5)).relation(
        to: log.head(), by: SampleLog.card)
    else {
      throw Missing()
    }
  }

  @Test("that has two contents of one length is proven to be a lie by two heads")
  func twoRoots() throws {
    let (one, other) = (try SampleLog(["ana", "bo"]), try SampleLog(["ana", "mallory"]))
    let evidence = try evidence(other.head(), one.head())
    #expect(try evidence.verified(by: card).kind == .twoRoots)
    #expect(try DirectoryEvidence(tlsEncoded: evidence.tlsEncoded) == evidence)
    #expect(try Armor.decodeEvidence("mail\n" + Armor.encode(evidence)) == evidence)
    // Nothing is proven of another country, or of one with another root key.
    let stranger = Signed(try Samples.nodeCard(handle: "xb"), by: Samples.root)
    #expect(throws: ModelError.self) { try evidence.verified(by: stranger) }
    var bytes = evidence.tlsEncoded
    bytes[40] ^= 1
    #expect(throws: (any Error).self) { try DirectoryEvidence(tlsEncoded: bytes).verified(by: card) }
  }

  @Test("that was rewritten is proven to be a lie by its own continuation", arguments: 1...8)
  func rewritten(_ size: Int) throws {
    let names = (0..<8).map { "m\($0)" }
    let seen = try SampleLog(Array(names.prefix(size - 1)) + ["mallory"])
    let shown = try SampleLog(names + ["zoe"])
    guard
      case .contradicts(let evidence) = try shown.continuation(from: size).verdict(
        lesser: seen.head(), greater: shown.head(), by: SampleLog.card)
    else { throw Missing() }
    #expect(try evidence.verified(by: card).kind == .rewritten)
    // A proof of another log shows nothing, and is evidence of nothing.
    guard
      case .nothing = try SampleLog(names + ["yan"]).continuation(from: size).verdict(
        lesser: seen.head(), greater: shown.head(), by: SampleLog.card)
    else { throw Missing() }
  }

  @Test(
    "that is still signed for after another one took its place is proven to be a lie; soon after it is a restored backup"
  )
  func twoLogs() throws {
    let old = try SampleLog(["ana"])
    var next = try SampleLog(["ana"])
    next.beganAt = Samples.now.adding(milliseconds: 1_000)
    let soon = try next.head(signedAt: next.beganAt)
    guard case .anew = try soon.relation(to: old.head(), by: SampleLog.card),
      case .outdated = try old.head().relation(to: soon, by: SampleLog.card)
    else {
      throw Missing()
    }
    let late = try old.head(
      signedAt: next.beganAt.adding(milliseconds: Limits.directoryOverlapMilliseconds + 1))
    #expect(try evidence(late, soon).verified(by: card).kind == .twoLogs)
    #expect(try evidence(soon, late).verified(by: card).kind == .twoLogs)
  }

  @Test("is no proof of a lie where it is honest, whoever puts its heads together")
  func noEvidence() throws {
    let log = try SampleLog((0..<9).map { "m\($0)" })
    let lie = try evidence(SampleLog(["x"]).head(), SampleLog(["y"]).head())
    // What a liar could forge of honest heads: the parts of a real one, exchanged.
    for (first, second) in try [(log.head(4), log.head()), (log.head(), log.head()), (log.head(), log.head(4))] {
      for continuation in [nil, try log.continuation(from: 4), try log.continuation(from: 5)] {
        var encoder = TLSEncoder()
        encoder.write(UInt8(1))
        encoder.write(try SampleLog.card)
        encoder.write(first)
        encoder.write(second)
        encoder.write(optional: continuation)
        let forged = try DirectoryEvidence(tlsEncoded: encoder.bytes)
        #expect(throws: ModelError.self) { try forged.verified(by: card) }
      }
    }
    #expect(try lie.verified(by: card).sentence.contains("two different directories"))
  }

  @Test("has one form of each lie that is proven, which holds by every card of the country")
  func canonical() throws {
    let names = (0..<4).map { "m\($0)" }
    let (one, other) = (try SampleLog(["ana", "bo"]), try SampleLog(["ana", "mallory"]))
    let long = try SampleLog(names)
    let late = one.beganAt.adding(milliseconds: 2 * Limits.directoryOverlapMilliseconds)
    var next = try SampleLog(["ana"])
    next.beganAt = Samples.now.adding(milliseconds: 1_000)
    guard
      case .contradicts(let rewritten) = try long.continuation(from: 2).verdict(
        lesser: one.head(), greater: long.head(), by: SampleLog.card)
    else { throw Missing() }
    let proofs = [
      try evidence(one.head(), other.head()), try evidence(one.head(signedAt: late), next.head(signedAt: late)),
    ]
    for proof in proofs + [rewritten] {
      var forms: [(Unverified<DirectoryHead>, Unverified<DirectoryHead>, DirectoryContinuation?)] = []
      forms.append((proof.second, proof.first, proof.continuation))
      forms.append((proof.first, proof.second, proof.continuation == nil ? rewritten.continuation : nil))
      for form in forms {
        var encoder = TLSEncoder()
        encoder.write(UInt8(1))
        encoder.write(proof.card)
        encoder.write(form.0)
        encoder.write(form.1)
        encoder.write(optional: form.2)
        let variant = try DirectoryEvidence(tlsEncoded: encoder.bytes)
        #expect(throws: ModelError.self) { try variant.verified(by: card) }
      }
      // The liar's next card takes nothing back.
      var renewed = try Samples.nodeCard(serial: 2)
      renewed.nodeKeys = [SigningKey<NodePurpose>().publicKey]
      #expect(throws: Never.self) { try proof.verified(by: Signed(renewed, by: Samples.root)) }
    }
  }

  @Test("knows entries of types that come later, and heads of empty logs only with the empty root")
  func formats() throws {
    let later = DirectoryEntry.other(type: 200, content: [1, 2, 3])
    #expect(try DirectoryEntry(tlsEncoded: later.tlsEncoded) == later)
    let end = DirectoryEntry.end(
      DirectoryEnd(
        address: try Address("ana@xa"), lastCard: Signed(try Samples.memberCard(), by: Samples.node).unverified,
        endedAt: Samples.now))
    #expect(try DirectoryEntry(tlsEncoded: end.tlsEncoded) == end)
    let forged = DirectoryHead(
      handle: try Handle("xa"), beganAt: Samples.now, size: 0, root: [UInt8](repeating: 1, count: 32),
      signedAt: Samples.now)
    #expect(throws: TLSPresentationError.self) { try DirectoryHead(tlsEncoded: forged.tlsEncoded) }
    #expect(try DirectoryHead(tlsEncoded: SampleLog().head().claim().tlsEncoded).size == 0)
    // None is from before its directory: a log that begins in a time to come would contradict none.
    var ahead = try SampleLog().head().claim()
    ahead.beganAt = ahead.signedAt.adding(milliseconds: 1)
    #expect(throws: TLSPresentationError.self) { try DirectoryHead(tlsEncoded: ahead.tlsEncoded) }
    #expect(DirectoryRecord.tag(of: try Address("ana@xa")) != DirectoryRecord.tag(of: try Address("ana@xb")))
  }
}

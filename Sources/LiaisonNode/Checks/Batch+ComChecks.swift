internal import LiaisonModel
internal import LiaisonProtocol

/// Communication checks that this node starts (comcheck.md). They have no queue: what a country's node has not taken is
/// sent again on each link and from time to time, until their time is over. They count as no messages.
extension Batch {
  mutating func startComCheck(
    countries: [Handle], _ precedence: Precedence, withinMilliseconds within: UInt64
  ) throws -> AdministrationAnswer {
    guard 60_000...Limits.checkMillisecondsMax ~= within else {
      throw Frame.Failure.malformed("a communication check takes a minute at least and a day at most")
    }
    let open = try store.openComChecks(at: now)
    guard open.count < Limits.openChecksMax else {
      throw Frame.Failure.limit("\(open.count) communication checks are open; wait until one is over")
    }
    if let last = try store.comChecks(limit: 1).first?.content.startedAt {
      let next = last.adding(milliseconds: Limits.checkIntervalMilliseconds)
      // A clock that was set back makes nobody wait longer.
      guard now >= next || now < last else {
        throw Frame.Failure.limit(
          "a communication check was started less than \(Limits.checkIntervalMilliseconds / 60_000) minutes ago; "
            + "people are asked no more often")
      }
    }
    // The own duty officer is asked as every country's is.
    let countries = countries.isEmpty ? [handle] + peers.active.filter { $0 != handle } : Set(countries).sorted()
    for country in countries where country != handle && !peers.isActive(country) {
      throw Frame.Failure.unknown("\(country) is not an active peer of this node")
    }
    let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    let check = Signed(
      try ComCheck(
        nonce: nonce, origin: handle, precedence: precedence, startedAt: now,
        answerBy: now.adding(milliseconds: within)), by: identity.key)
    let number = try store.insertComCheck(check, of: countries, keeping: Limits.checksKeptMax)
    log(.info, "a communication check was started")
    for country in countries where country != handle {
      send(check.unverified, to: country)
    }
    if countries.contains(handle) {
      var own = ComCheckReport.Country(handle: handle)
      own.receipt = try hold(check.unverified, check.content)
      own.receiptAt = now
      try store.save(own, of: check.unverified.name)
    }
    return .comCheckStarted(number: number)
  }

  /// Sends a peer what it has not taken of this node's checks, and what it has not confirmed of answers to its own.
  mutating func sendComChecks(to peer: Handle) throws {
    try sendComChecks(store.openComChecks(at: now), answersTo: store.heldComChecks(at: now), to: [peer])
  }

  /// The same for every peer that is linked, from time to time.
  mutating func repeatComChecks() throws {
    let (open, held) = (try store.openComChecks(at: now), try store.heldComChecks(at: now))
    memory.comCheckRequests.keep(Set(open.map(\.check.name)))
    if !open.isEmpty || !held.isEmpty { try sendComChecks(open, answersTo: held, to: memory.links.peers.keys.sorted()) }
    try store.removeHeldComChecks(endedBefore: now.subtracting(milliseconds: Limits.checkMillisecondsMax))
  }

  private mutating func sendComChecks(
    _ open: [ComCheckReport], answersTo held: [HeldComCheck], to peers: [Handle]
  ) throws {
    for peer in peers {
      for report in open where report.countries.contains(where: { $0.handle == peer && $0.receipt == nil }) {
        send(report.check, to: peer)
      }
      for check in held where check.content.origin == peer && !check.isConfirmed { try sendAnswer(of: check, to: peer) }
    }
  }

  private mutating func send(_ check: Unverified<ComCheck>, to peer: Handle) {
    guard let link = memory.links.peers[peer]?.link, !LinkID.isTunnel(link) else { return }
    let number = memory.relays.nextNumber()
    memory.comCheckRequests.insert(number, check.name, to: peer)
    send(Frame(request: number, .comCheck(check, role: ComCheck.role(at: peer))), on: link)
  }

  /// What a peer says to a check. Gives false where nothing of the kind was asked of it.
  mutating func take(answerToComCheck frame: Frame, from peer: Handle) throws -> Bool {
    guard let name = memory.comCheckRequests.take(frame.request, from: peer) else { return false }
    // One that is over meanwhile stays as it ended.
    guard let report = try store.comCheck(name, of: peer), now < report.content.answerBy,
      var country = report.countries.first, country.receipt == nil
    else { return true }
    switch frame.body {
    case .comCheckReceipt(let receipt):
      guard let nodeCard = peers[peer]?.card, let content = try? receipt.verified(by: nodeCard).content,
        content.checkDigest == report.check.digest
      else {
        complain(of: peer, "the peer's receipt of a communication check does not verify")
        return true
      }
      country.receipt = receipt
      country.receiptAt = now
      country.refusal = nil
    case .failure(let failure): country.refusal = String(failure.text.prefix(200))
    case .directoryAnswer: country.refusal = "its node does not know communication checks yet"
    default: throw Violation("an answer of another kind than was asked for")
    }
    try store.save(country, of: name)
    return true
  }

  /// A peer brings the acknowledgement of its duty officer. It is told that this node has it, or wants none of it.
  mutating func take(_ proven: ProvenAnswer, from peer: Handle) throws {
    guard let digest = try? proven.answer.claim().checkDigest else {
      return complain(of: peer, "the peer's answer to a communication check is malformed")
    }
    do { try count(proven, from: peer) } catch let failure as Frame.Failure {
      complain(of: peer, "the peer's answer to a communication check is not taken: \(failure.text)")
    }
    guard let link = memory.links.peers[peer]?.link else { return }
    send(Frame(.comCheckTaken(ComCheckIdentifier(ofCheckDigest: digest))), on: link)
  }

  /// Counts the acknowledgement of a country's duty officer, this node's own among them. What comes too late does not count,
  /// and what has come counts once.
  mutating func count(_ proven: ProvenAnswer, from country: Handle) throws {
    guard let digest = try? proven.answer.claim().checkDigest,
      let report = try store.comCheck(ComCheckIdentifier(ofCheckDigest: digest), of: country),
      var row = report.countries.first, let nodeCard = country == handle ? identity.card : peers[country]?.card
    else { throw Frame.Failure.unknown("it was not asked") }
    guard row.answer == nil, now < report.content.answerBy else { return }
    do { _ = try proven.verified(of: report.check.digest, by: nodeCard) } catch {
      throw Frame.Failure.malformed(error.sentence)
    }
    row.answer = proven
    row.answerAt = now
    try store.save(row, of: report.check.name)
  }
}

internal import LiaisonModel
internal import LiaisonProtocol

/// Other countries' directories: each head that comes, from whomever, is held against the newest that was seen, and is
/// passed on, so that a node which shows two histories is found out by those whom it shows them to.
extension Batch {
  // MARK: Telling

  /// What is known of the logs of countries that were ever trusted, by the root keys that they have.
  func knownDirectories() throws -> [KnownDirectory] {
    try store.directories().filter { known in
      guard let peer = peers[known.handle], peer.standing != .known else { return false }
      return peer.card.content.rootKey == known.rootKey
    }
  }

  /// All that a peer is told when a link comes to stand: also what was seen of its own log, which shows it that entries
  /// of it are lost.
  mutating func directoriesToTell() throws -> Frame.DirectoryHeads {
    let others = try knownDirectories().compactMap(\.head).prefix(Limits.directoryHeadsMax - 1)
    let evidence = try store.directoryEvidence(against: nil).suffix(Limits.directoryEvidenceMax).map(\.evidence)
    return Frame.DirectoryHeads(heads: [try directoryHead().unverified] + others, evidence: evidence)
  }

  /// Tells linked peers at once that this node's log has grown.
  mutating func tellOfDirectories() throws {
    guard directoryGrew, !memory.links.peers.isEmpty else { return }
    tellPeers(Frame.DirectoryHeads(heads: [try directoryHead().unverified]))
  }

  /// Passes on what has come of others' logs since the last time.
  mutating func passOnDirectories() throws {
    guard !memory.directory.changed.isEmpty else { return }
    let heads = try knownDirectories().filter { memory.directory.changed.contains($0.handle) }
      .compactMap(\.head)
    memory.directory.changed = []
    if !heads.isEmpty { tellPeers(Frame.DirectoryHeads(heads: Array(heads.prefix(Limits.directoryHeadsMax)))) }
  }

  private mutating func tellPeers(_ heads: Frame.DirectoryHeads) {
    for (_, peer) in memory.links.peers.sorted(by: { $0.key < $1.key }) {
      send(Frame(.directoryHeads(heads)), on: peer.link)
    }
  }

  // MARK: Taking

  /// Takes what a peer tells. Anybody may tell it: what counts are the signatures of those whom it is about.
  mutating func take(_ told: Frame.DirectoryHeads, from peer: Handle) throws {
    for evidence in told.evidence {
      guard let claim = try? evidence.first.claim(), memory.directory.mayLook(at: peer, now: now) else { continue }
      try keep(evidence, against: claim.handle)
    }
    for head in told.heads { try take(head, from: peer) }
  }

  private mutating func take(_ head: Unverified<DirectoryHead>, from peer: Handle) throws {
    guard let claim = try? head.claim() else { return }
    if claim.handle == handle { return try takeOwn(head, claim, from: peer) }
    // What is known already costs nothing.
    guard try store.directory(of: claim.handle)?.head != head, let card = card(ofDirectory: claim.handle),
      memory.directory.mayLook(at: peer, now: now), let verified = try? head.verified(by: card)
    else { return }
    try see(verified, from: peer)
  }

  /// A node's card by which its heads are judged: that of a country which was trusted once.
  private func card(ofDirectory handle: Handle) -> Signed<NodeCard>? {
    guard let peer = peers[handle], peer.standing != .known else { return nil }
    return peer.card
  }

  private mutating func takeOwn(_ head: Unverified<DirectoryHead>, _ claim: DirectoryHead, from peer: Handle) throws {
    try readDirectory()
    guard let tree = memory.directory.tree, claim.beganAt >= memory.directory.beganAt else { return }
    if claim.beganAt == memory.directory.beganAt, let size = Int(exactly: claim.size),
      let root = try? tree.root(size: size), root.bytes == claim.root
    {
      return
    }
    guard memory.directory.mayLook(at: peer, now: now), (try? head.verified(by: identity.card)) != nil else { return }
    // One that is dated ahead would have the next log begin in the future.
    guard claim.beganAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      return complain(of: peer, "the peer has seen a directory of this node that is dated ahead")
    }
    try beginDirectoryAnew(after: claim, seenBy: peer)
  }

  /// Holds a verified head against the newest that was seen of that country. Gives whether it may be relied on: it
  /// contradicts nothing.
  @discardableResult
  mutating func see(_ head: Signed<DirectoryHead>, from peer: Handle) throws -> Bool {
    let country = head.content.handle
    guard let card = card(ofDirectory: country) else { return false }
    guard head.content.signedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      try fault(of: country, "the head of the directory of \(country) is dated ahead by more than an hour")
      return false
    }
    var known = try known(country, card)
    guard let before = known.head else {
      memory.directory.forget(country)
      memory.directory.changed.insert(country)
      known.head = head.unverified
      try store.save(known)
      return true
    }
    switch try head.unverified.relation(to: before) {
    case .same: return true
    case .ofOtherSize:
      memory.directory.wait(head.unverified, of: country)
      return true
    case .anew:
      known.head = head.unverified
      memory.directory.forget(country)
      memory.directory.changed.insert(country)
      try store.save(known)
      try fault(
        of: country,
        "\(country) has begun its directory anew, as after a restored backup: ask over another channel whether it was")
      return true
    case .outdated:
      // Somebody may just not know better; its own node does.
      guard peer == country else { return true }
      try fault(of: country, "\(country) shows a directory in whose place it had begun another one")
      return false
    case .contradictory(let evidence):
      try keep(evidence, against: country)
      return false
    }
  }

  /// Keeps evidence that holds, shows it to administrators and devices, and passes it on.
  private mutating func keep(_ evidence: DirectoryEvidence, against country: Handle) throws {
    guard let card = card(ofDirectory: country) else { return }
    let known = try store.directoryEvidence(against: country)
    guard known.count < Limits.directoryEvidencePerCountryMax, !known.contains(where: { $0.evidence == evidence })
    else { return }
    guard let contradiction = try? evidence.verified(by: card) else {
      return complain("evidence came that proves nothing against the directory of \(country)")
    }
    try store.insertDirectoryEvidence(StoredEvidence(handle: country, foundAt: now, evidence: evidence))
    log(.error, peer: country, "the peer has shown two directories: \(contradiction.sentence)")
    tellPeers(Frame.DirectoryHeads(heads: [], evidence: [evidence]))
  }

  /// A country gave an answer without its proof, or with one that does not hold.
  mutating func noteUnproven(_ country: Handle, _ error: ModelError) throws {
    try fault(of: country, "\(country) gave an answer that is not proven to be in its directory: \(error.sentence)")
  }

  /// Notes what is wrong with a country's directory, and cannot be proven to others.
  private mutating func fault(of country: Handle, _ text: String) throws {
    complain(of: country, text)
    guard let card = card(ofDirectory: country) else { return }
    var known = try known(country, card)
    guard known.fault != text else { return }
    (known.fault, known.faultAt) = (text, now)
    try store.save(known)
  }

  /// What is known of the log of a country with this card; what was known of one with another root key counts no more.
  private func known(_ country: Handle, _ card: Signed<NodeCard>) throws -> KnownDirectory {
    if let known = try store.directory(of: country), known.rootKey == card.content.rootKey { return known }
    return KnownDirectory(handle: country, rootKey: card.content.rootKey, head: nil)
  }

  // MARK: Asking

  /// Asks countries what shows that heads which wait are of the same log as the newest that was seen.
  mutating func askAboutDirectories() throws {
    for (country, heads) in memory.directory.waiting.sorted(by: { $0.key < $1.key })
    where !memory.directory.asked.contains(country) {
      guard let known = try store.directory(of: country), let before = known.head,
        let link = memory.links.peers[country]?.link, let head = heads.first
      else { continue }
      guard case .ofOtherSize(let lesser, let greater) = try head.relation(to: before),
        let (from, to) = try? (lesser.claim(), greater.claim()), from.size > 0
      else {
        // What it was compared with has changed meanwhile, or the log was empty.
        memory.directory.settle([head], of: country)
        try replaceEmpty(known, by: head)
        continue
      }
      memory.directory.asked.insert(country)
      let number = memory.relays.insert(
        Relays.Relay(
          peer: link, kind: .heads(of: country, lesser: lesser, greater: greater), asker: .own, request: 0,
          expiresAt: now.adding(milliseconds: Limits.relayMillisecondsMax)))
      let question = Frame.DirectoryContinuationRequest(
        handle: country, beganAt: from.beganAt, from: from.size, to: to.size)
      send(Frame(request: number, .directoryContinuationRequest(question)), on: link)
    }
  }

  /// Everything continues an empty log.
  private mutating func replaceEmpty(_ known: KnownDirectory, by head: Unverified<DirectoryHead>) throws {
    guard let before = try known.head?.claim(), let after = try? head.claim(), before.size == 0,
      before.beganAt == after.beganAt, after.size > 0
    else { return }
    var known = known
    known.head = head
    memory.directory.changed.insert(known.handle)
    try store.save(known)
  }

  /// A country's answer to what was asked of two heads of its log.
  mutating func take(
    _ answer: Frame.Body, about lesser: Unverified<DirectoryHead>, _ greater: Unverified<DirectoryHead>,
    of country: Handle
  ) throws {
    memory.directory.asked.remove(country)
    switch answer {
    case .directoryContinuation(let continuation):
      switch continuation.verdict(lesser: lesser, greater: greater) {
      case .continues:
        memory.directory.settle([lesser, greater], of: country)
        guard var known = try store.directory(of: country), known.head == lesser else { return }
        known.head = greater
        memory.directory.changed.insert(country)
        return try store.save(known)
      case .contradicts(let evidence):
        memory.directory.settle([lesser, greater], of: country)
        return try keep(evidence, against: country)
      case .nothing: break
      }
    case .failure(let failure) where [.unspecified, .unavailable, .later, .limit].contains(failure.reason):
      // It is asked again when a head comes the next time.
      memory.directory.waiting[country] = nil
      return
    default: break
    }
    memory.directory.settle([lesser, greater], of: country)
    guard let (from, to) = try? (lesser.claim(), greater.claim()) else { return }
    try fault(
      of: country,
      "\(country) does not show that its directory of \(to.size) entries begins with the \(from.size) that were seen")
  }
}

extension LinkID {
  /// Stands for this node, where it asks for itself.
  static let own = LinkID(UInt64.max - 2)
}

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

  /// What proves that a country, by the root key that it has, or this node, showed two directories; the oldest first.
  func knownEvidence() throws -> [StoredEvidence] {
    try store.directoryEvidence(against: nil).filter { kept in
      guard let card = card(ofDirectory: kept.handle) else { return false }
      return try kept.evidence.card.claim().rootKey == card.content.rootKey
    }
  }

  /// All that a peer is told when a link comes to stand: also what was seen of its own log, which shows it that entries
  /// of it are lost.
  mutating func directoriesToTell() throws -> Frame.DirectoryHeads {
    let others = try knownDirectories().compactMap(\.head).prefix(Limits.directoryHeadsMax - 1)
    let evidence = try knownEvidence().suffix(Limits.directoryEvidenceMax).map(\.evidence)
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
      if try !keep(evidence, against: claim.handle) {
        complain(of: peer, "the peer gave evidence that proves nothing against the directory of \(claim.handle)")
      }
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

  /// A node's card by which its heads are judged: this node's, and that of a country which was trusted once.
  private func card(ofDirectory handle: Handle) -> Signed<NodeCard>? {
    if handle == self.handle { return identity.card }
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
    // Nothing may ever be signed that contradicts what others have.
    log(
      .warning, peer: peer,
      "the peer has seen \(claim.size) entries of this node's directory, which are not those here; the directory is begun "
        + "anew, as after a restored backup")
    try beginDirectoryAnew(after: claim.beganAt)
  }

  /// Holds a verified head against the newest that was seen of that country. Gives whether it may be relied on: it
  /// contradicts nothing, and is of the country's present log.
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
    switch try head.unverified.relation(to: before, by: card.unverified) {
    case .same:
      // The later one is dated later than the next log may begin.
      if try before.claim().signedAt < head.content.signedAt {
        known.head = head.unverified
        try store.save(known)
      }
      return true
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
      // Somebody may just not know better, or it was under way when the next one was begun.
      if peer == country, try !head.content.isBefore(logOf: before.claim().beganAt) {
        try fault(of: country, "\(country) shows a directory in whose place it had begun another one")
      }
      return false
    case .contradictory(let evidence):
      try expose(country, by: evidence)
      return false
    }
  }

  /// What was found here.
  private mutating func expose(_ country: Handle, by evidence: DirectoryEvidence) throws {
    guard try !keep(evidence, against: country) else { return }
    // The heads are signed by keys of different cards.
    try fault(of: country, "\(country) has shown two directories, the one before and the other after its keys changed")
  }

  /// Keeps evidence that holds, one of each kind, shows it to administrators and devices, and passes it on. Gives whether it
  /// holds, as far as that can be told.
  private mutating func keep(_ evidence: DirectoryEvidence, against country: Handle) throws -> Bool {
    guard let card = card(ofDirectory: country) else { return true }
    let known = try knownEvidence().filter { $0.handle == country }.map(\.evidence)
    guard !known.contains(evidence), known.count < Limits.directoryEvidencePerCountryMax else { return true }
    guard let contradiction = try? evidence.verified(by: card) else { return false }
    guard !known.contains(where: { (try? $0.verified(by: card))?.kind == contradiction.kind }) else { return true }
    try store.insertDirectoryEvidence(StoredEvidence(handle: country, foundAt: now, evidence: evidence))
    if country == handle {
      log(
        .error,
        "this node is proven to have shown two directories, so it was copied or its key was stolen: "
          + contradiction.sentence)
    } else {
      log(.error, peer: country, "the peer has shown two directories: \(contradiction.sentence)")
    }
    tellPeers(Frame.DirectoryHeads(heads: [], evidence: [evidence]))
    return true
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
    for country in memory.directory.waiting.keys.sorted() {
      while let head = memory.directory.nextToAsk(of: country, now: now), try !ask(about: head, of: country) {
        memory.directory.settle([head], of: country)
      }
    }
  }

  /// Gives whether the head goes on waiting; where not, it says nothing more.
  private mutating func ask(about head: Unverified<DirectoryHead>, of country: Handle) throws -> Bool {
    guard let card = card(ofDirectory: country) else { return false }
    var known = try known(country, card)
    guard let before = known.head else { return false }
    // What it is compared with may have changed meanwhile.
    switch try head.relation(to: before, by: card.unverified) {
    case .same, .anew, .outdated: return false
    case .contradictory(let evidence):
      try expose(country, by: evidence)
      return false
    case .ofOtherSize(let lesser, let greater):
      guard let question = Frame.DirectoryContinuationRequest(lesser: lesser, greater: greater) else {
        // Everything continues an empty log.
        known.head = greater
        memory.directory.changed.insert(country)
        try store.save(known)
        return false
      }
      guard let link = memory.links.peers[country]?.link else { return true }
      memory.directory.asked.insert(country)
      let number = memory.relays.insert(
        Relays.Relay(
          peer: link, kind: .heads(of: country, lesser: lesser, greater: greater), asker: .own, request: 0,
          expiresAt: now.adding(milliseconds: Limits.relayMillisecondsMax)))
      send(Frame(request: number, .directoryContinuationRequest(question)), on: link)
      return true
    }
  }

  /// A country did not say how its log goes on. It is asked again after a while, and after a day administrators are told.
  mutating func noteUnanswered(_ country: Handle) throws {
    memory.directory.asked.remove(country)
    // One that cannot be reached cannot say it.
    guard memory.links.peers[country] != nil, memory.directory.refused(country, now: now) else { return }
    try fault(
      of: country, "\(country) has not said for a day how its directory goes on from what was seen, though it is linked"
    )
  }

  /// A country's answer to what was asked of two heads of its log.
  mutating func take(
    _ answer: Frame.Body, about lesser: Unverified<DirectoryHead>, _ greater: Unverified<DirectoryHead>,
    of country: Handle
  ) throws {
    memory.directory.asked.remove(country)
    guard let card = card(ofDirectory: country), let (from, to) = try? (lesser.claim(), greater.claim()) else { return }
    var known = try known(country, card)
    // Where another log has taken its place meanwhile, nothing is to be had of the one before.
    guard let before = try known.head?.claim(), before.agrees(with: from) || before.agrees(with: to) else { return }
    switch answer {
    case .directoryContinuation(let continuation):
      switch continuation.verdict(lesser: lesser, greater: greater, by: card.unverified) {
      case .continues:
        memory.directory.answered(country)
        memory.directory.settle([lesser, greater], of: country)
        guard before.agrees(with: from) else { return }
        known.head = greater
        memory.directory.changed.insert(country)
        return try store.save(known)
      case .contradicts(let evidence):
        memory.directory.answered(country)
        memory.directory.settle([lesser, greater], of: country)
        return try expose(country, by: evidence)
      case .nothing: break
      }
    case .failure(let failure) where [.unspecified, .unavailable, .later, .limit].contains(failure.reason):
      return try noteUnanswered(country)
    default: break
    }
    memory.directory.answered(country)
    memory.directory.settle([lesser, greater], of: country)
    try fault(
      of: country,
      "\(country) does not show that its directory of \(to.size) entries begins with the \(from.size) that were seen")
  }
}

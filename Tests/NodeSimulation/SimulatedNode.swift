package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol

/// A country's node: the real core over a real store, with a simulated network, clock and disk around it.
package final class SimulatedNode: LinkEnd {
  /// The node's name.
  package let handle: Handle
  /// The country's root key.
  package let rootKey: SigningKey<RootPurpose>
  /// The node's own key.
  package let nodeKey: SigningKey<NodePurpose>
  /// The node's card.
  package let card: Signed<NodeCard>
  /// What survives a crash.
  package let store: FaultyStore
  /// Whom its administrators activated, and how far others are trusted.
  package private(set) var peers = PeerTable()
  /// What it counted, batch by batch.
  package private(set) var tallies: [Tally] = []
  /// The log lines that somebody would have to act on.
  package private(set) var errors: [String] = []
  /// The log lines that are worth a look.
  package private(set) var warnings: [String] = []

  private var core: NodeCore<FaultyStore>?
  private var links: [LinkID: SimulatedLink] = [:]
  private var inputs: [Input] = []
  private var isBatchPlanned = false
  private var tickAt: Timestamp?
  private var answers: [AdministrationID: AdministrationAnswer] = [:]
  private var asked: UInt64 = 0
  private var lives = 0
  private unowned let region: Region

  init(_ handle: Handle, in region: Region) throws {
    self.handle = handle
    self.region = region
    rootKey = try SigningKey(seed: region.random.bytes(32))
    nodeKey = try SigningKey(seed: region.random.bytes(32))
    card = Signed(
      try NodeCard(
        handle: handle, country: handle.description.uppercased(), name: "Land of \(handle)",
        rootKey: rootKey.publicKey, nodeKeys: [nodeKey.publicKey],
        endpoints: [Endpoint(host: "\(handle).example", port: 7400)], serial: 1, issuedAt: region.now,
        expiresAt: region.now.adding(milliseconds: 365 * 86_400_000)), by: rootKey)
    store = try FaultyStore()
    start()
  }

  /// How often something was counted, whichever peers it was of.
  package func count(_ counter: Tally.Counter) -> Int {
    tallies.reduce(0) { $0 + $1.counts.filter { $0.key.counter == counter }.values.reduce(0, +) }
  }

  /// Whether it runs.
  package var isUp: Bool { core != nil }

  /// The peers that it has links with now.
  package var linkedPeers: Int {
    guard case .status(let status)? = try? administer(.status) else { return 0 }
    return status.peersLinked
  }

  // MARK: Life

  /// Starts from what is on disk.
  package func start() {
    guard core == nil else { return }
    do {
      core = NodeCore(identity: try NodeIdentity(card: card, key: nodeKey), peers: peers, store: store)
    } catch { preconditionFailure("\(error)") }
    lives += 1
    put(.tick)
  }

  /// Ends without a word: what is not on disk is gone, and all connections break.
  package func crash() {
    core = nil
    inputs = []
    isBatchPlanned = false
    tickAt = nil
    let broken = links.values.sorted { $0.id.rawValue < $1.id.rawValue }
    links = [:]
    for link in broken { link.cut() }
  }

  /// Takes over the registry's state.
  package func trust(_ table: PeerTable) {
    peers = table
    put(.registryChanged(table))
  }

  // MARK: Links

  package func opened(_ link: SimulatedLink, with hello: Frame.Hello) {
    guard let core else { return link.close(from: self) }
    links[link.id] = link
    switch link.identity {
    case .peer(let dialler, let acceptor):
      let isDialledHere = dialler == handle
      put(.linkOpened(link.id, .peer(isDialledHere ? acceptor : dialler, dialledHere: isDialledHere)))
    case .device(let key):
      guard let device = try? core.device(linkKey: key) else {
        links[link.id] = nil
        link.send(Frame(.failure(Frame.Failure(.notPermitted, "not accepted"))), from: self)
        return link.close(from: self)
      }
      put(.linkOpened(link.id, .device(device.identifier, inboxPosition: hello.inboxPosition)))
      link.send(Frame(.hello(Frame.Hello(clock: region.now, software: "simulated"))), from: self)
    case .enrolment(let key):
      put(.linkOpened(link.id, .enrolment(key)))
      link.send(Frame(.hello(Frame.Hello(clock: region.now, software: "simulated"))), from: self)
    }
  }

  package func received(_ frame: Frame, on link: SimulatedLink) {
    guard links[link.id] != nil else { return }
    put(.frame(link.id, frame))
  }

  package func closed(_ link: SimulatedLink) {
    guard links.removeValue(forKey: link.id) != nil else { return }
    put(.linkClosed(link.id))
  }

  // MARK: Batches

  private func put(_ input: Input) {
    guard core != nil else { return }
    inputs.append(input)
    guard !isBatchPlanned else { return }
    isBatchPlanned = true
    let life = lives
    region.after(milliseconds: UInt64.random(in: 0...3, using: &region.random)) {
      guard self.lives == life, self.isUp else { return }
      self.isBatchPlanned = false
      self.process()
    }
  }

  private func process() {
    let batch = inputs
    inputs = []
    guard let outputs = core?.process(batch, now: region.now, random: &region.random) else { return }
    if region.crashesAfterCommit() { return region.crashAndRestart(self) }
    perform(outputs)
    planTick()
  }

  private func planTick() {
    guard let wakeAt = core?.wakeAt else { return }
    let time = max(wakeAt, region.now.adding(milliseconds: 1))
    if let tickAt, tickAt <= time, tickAt > region.now { return }
    tickAt = time
    let life = lives
    region.at(time) {
      guard self.lives == life, self.tickAt == time else { return }
      self.tickAt = nil
      self.put(.tick)
    }
  }

  private func perform(_ outputs: [Output]) {
    for output in outputs {
      switch output {
      case .send(let link, let frame): links[link]?.send(frame, from: self)
      case .close(let link, let failure):
        guard let open = links.removeValue(forKey: link) else { continue }
        if let failure { open.send(Frame(.failure(failure)), from: self) }
        open.close(from: self)
      case .watch(let link):
        region.after(milliseconds: region.latency()) { self.put(.linkDrained(link)) }
      case .dial(let peer): region.dial(from: self, to: peer) { self.put(.dialFailed(peer)) }
      case .answer(let identifier, let answer): answers[identifier] = answer
      case .tally(let tally): tallies.append(tally)
      case .event(let event):
        if event.severity == .error { errors.append(event.text) }
        if event.severity == .warning { warnings.append(event.text) }
      case .storeFailed(let error): if store.fault == nil { errors.append(error.sentence) }
      }
    }
  }

  /// Has the core take an input that did not come by the network.
  package func take(_ input: Input) {
    guard let outputs = core?.process([input], now: region.now, random: &region.random) else { return }
    perform(outputs)
    planTick()
  }

  // MARK: Administration

  /// Asks as an administrator does, and waits for the answer.
  package func administer(_ request: AdministrationRequest) throws -> AdministrationAnswer {
    asked += 1
    let identifier = AdministrationID(asked)
    guard
      let outputs = core?.process(
        [.administration(identifier, request)], now: region.now, random: &region.random)
    else { throw SimulationError("the node is down") }
    perform(outputs)
    planTick()
    guard let answer = answers.removeValue(forKey: identifier) else { throw SimulationError("no answer came") }
    return answer
  }

  /// Invites a member.
  package func invite(_ member: String) throws -> Invitation {
    let address = try Address(member: member, handle: handle)
    let answer = try administer(
      .invite(
        address, profile: MemberProfile(name: member.capitalized, discipline: .cyber, role: ""),
        expiresAt: region.now.adding(milliseconds: 7 * 86_400_000)))
    guard case .invitation(let invitation) = answer else { throw SimulationError("no invitation: \(answer)") }
    return invitation
  }
}

/// A simulation that cannot go on.
package struct SimulationError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

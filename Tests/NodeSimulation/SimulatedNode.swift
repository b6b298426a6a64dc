package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol
internal import LiaisonStore

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
  /// How far its clock is ahead of everybody's.
  package var clockAheadMilliseconds: Int64 = 0
  /// What makes false what it sends to peers, where it lies.
  package var liar: Liar?
  /// What it sends to a peer instead of a frame, where it carries falsely.
  package var carriesFalsely: ((Frame) -> [Frame])?

  private var core: NodeCore<FaultyStore>?
  private var links: [LinkID: SimulatedLink] = [:]
  /// Links that were dialled here and on which no Hello has come yet.
  private var dialling: [LinkID: Handle] = [:]
  private var inputs: [Input] = []
  private var isBatchPlanned = false
  private var isHeld = false
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

  /// The time by its clock.
  package var clock: Timestamp { region.now.adding(signedMilliseconds: clockAheadMilliseconds) }

  func hello(showingCard: Bool) -> Frame.Hello {
    Frame.Hello(clock: clock, software: "simulated", nodeCard: showingCard ? card.unverified : nil)
  }

  /// The peers that it has links with now.
  package var linkedPeers: Int {
    guard case .status(let status)? = try? administer(.status) else { return 0 }
    return status.peersLinked
  }

  // MARK: Life

  /// Whether it is gone for good: nothing starts it.
  package var isLost = false

  /// Starts from what is on disk.
  package func start() {
    guard core == nil, !isLost else { return }
    do {
      core = NodeCore(identity: try NodeIdentity(card: card, key: nodeKey), peers: peers, store: store)
      core?.hubAwayMilliseconds = region.hubAwayMilliseconds
    } catch { preconditionFailure("\(error)") }
    lives += 1
    put(.tick)
  }

  /// It consents to takeovers after another time from now on.
  func adoptHubAway() { core?.hubAwayMilliseconds = region.hubAwayMilliseconds }

  /// Ends without a word: what is not on disk is gone, and all connections break.
  package func crash() {
    core = nil
    inputs = []
    isBatchPlanned = false
    tickAt = nil
    let broken = links.values.sorted { $0.id.rawValue < $1.id.rawValue }
    links = [:]
    dialling = [:]
    for link in broken { link.cut() }
  }

  /// What its disk held at one moment.
  package struct Backup {
    fileprivate let disk: SQLiteNodeStore
  }

  /// Copies its disk.
  package func backUp() throws -> Backup { Backup(disk: try store.disk.copy()) }

  /// Goes on from a backup, which may be used again.
  package func restore(_ backup: Backup) throws {
    region.count(.restore)
    crash()
    store.disk = try backup.disk.copy()
    try store.disk.write {
      try $0.noteRestored(at: clock)
      try $0.beginDirectory(at: clock)
    }
    start()
  }

  /// Takes over the registry's state.
  package func trust(_ table: PeerTable) {
    peers = table
    put(.registryChanged(table))
  }

  // MARK: Links

  /// It dialled, and the other side's Hello is on its way.
  func dialled(_ link: SimulatedLink, _ peer: Handle) { dialling[link.id] = peer }

  package func opened(_ link: SimulatedLink, with hello: Frame.Hello) {
    dialling[link.id] = nil
    guard let core else { return link.close(from: self) }
    links[link.id] = link
    switch link.identity {
    case .peer(let dialler, let acceptor):
      let isDialledHere = dialler == handle
      let difference = Int64(hello.clock.milliseconds) - Int64(clock.milliseconds)
      put(
        .linkOpened(
          link.id,
          .peer(
            isDialledHere ? acceptor : dialler, dialledHere: isDialledHere, clockDifferenceMilliseconds: difference)))
    case .device(let key):
      guard let device = try? core.device(linkKey: key) else {
        links[link.id] = nil
        link.send(Frame(.failure(Frame.Failure(.notPermitted, "not accepted"))), from: self)
        return link.close(from: self)
      }
      put(.linkOpened(link.id, .device(device.identifier, inboxPosition: hello.inboxPosition)))
      link.send(Frame(.hello(self.hello(showingCard: false))), from: self)
    case .enrolment(let key):
      put(.linkOpened(link.id, .enrolment(key)))
      link.send(Frame(.hello(self.hello(showingCard: false))), from: self)
    }
  }

  package func received(_ frame: Frame, on link: SimulatedLink) {
    guard links[link.id] != nil else { return }
    put(.frame(link.id, frame))
  }

  package func closed(_ link: SimulatedLink) {
    // One that breaks before Hello never was a link: the attempt failed.
    if let peer = dialling.removeValue(forKey: link.id) { return put(.dialFailed(peer)) }
    guard links.removeValue(forKey: link.id) != nil else { return }
    put(.linkClosed(link.id))
  }

  // MARK: Batches

  /// Lets what comes wait for ``letGo()``, as while the disk is slow.
  package func hold() { isHeld = true }

  /// Takes all that waits as one batch.
  package func letGo() {
    isHeld = false
    process()
  }

  private func put(_ input: Input) {
    guard core != nil else { return }
    inputs.append(input)
    guard !isBatchPlanned, !isHeld else { return }
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
    let crashes = region.happens(.crashInBatch, oneIn: region.faults.crashInBatchOneIn)
    guard crashes else {
      guard let outputs = core?.process(batch, now: clock, random: &region.random) else { return }
      note(batch, outputs)
      perform(outputs)
      return planTick()
    }
    // Before it is on disk, once it is, or amid what it asked for.
    let moment = Int.random(in: 0...2, using: &region.random)
    let fault = store.fault
    if moment == 0 { store.fault = .inputOutput("the power failed") }
    let outputs = core?.process(batch, now: clock, random: &region.random) ?? []
    store.fault = fault
    note(batch, outputs)
    if moment == 2 { perform(Array(outputs.prefix(outputs.count / 2))) }
    region.crashAndRestart(self)
  }

  private func note(_ batch: [Input], _ outputs: [Output]) {
    region.trace.note("batch", at: clock, UInt64(batch.count), UInt64(outputs.count), bytes: nodeKey.publicKey.bytes)
  }

  private func planTick() {
    guard let wakeAt = core?.wakeAt else { return }
    // A minute at most, as in ``NodeRuntime``: the clock that `wakeAt` goes by may be set meanwhile.
    let wait = wakeAt.milliseconds - min(wakeAt.milliseconds, clock.milliseconds)
    let time = region.now.adding(milliseconds: min(max(wait, 1), 60_000))
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
      case .send(let link, let frame):
        guard let open = links[link] else { continue }
        if let carriesFalsely {
          for frame in carriesFalsely(frame) { open.send(frame, from: self) }
          continue
        }
        guard let liar, case .peer(let dialler, let acceptor) = open.identity else {
          open.send(frame, from: self)
          continue
        }
        let peer = dialler == handle ? acceptor : dialler
        for frame in liar.frames(insteadOf: frame, to: peer) { open.send(frame, from: self) }
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
        let isOfLiar = event.peer.flatMap { region.nodes[$0]?.liar } != nil
        if event.severity == .error, !isOfLiar { errors.append(event.text) }
        if event.severity == .warning { warnings.append(event.text) }
      case .storeFailed(let error): if store.fault == nil { errors.append(error.sentence) }
      }
    }
  }

  /// Has the core take an input that did not come by the network.
  package func take(_ input: Input) {
    guard let outputs = core?.process([input], now: clock, random: &region.random) else { return }
    perform(outputs)
    planTick()
  }

  // MARK: Without the network

  /// What it answers to one request, over a link that stands for that alone.
  package func answer(to body: Frame.Body, from peer: LinkPeer) throws -> Frame.Body {
    let link = LinkID(.max)
    let inputs: [Input] = [.linkOpened(link, peer), .frame(link, Frame(request: 1, body)), .linkClosed(link)]
    let outputs = core?.process(inputs, now: clock, random: &region.random) ?? []
    // What others are told by it; nobody is at the end of this link.
    perform(outputs)
    planTick()
    for case .send(link, let frame) in outputs where frame.request == 1 { return frame.body }
    throw SimulationError("no answer came")
  }

  // MARK: Administration

  /// Asks as an administrator does, and waits for the answer.
  package func administer(_ request: AdministrationRequest) throws -> AdministrationAnswer {
    asked += 1
    let identifier = AdministrationID(asked)
    guard
      let outputs = core?.process(
        [.administration(identifier, request)], now: clock, random: &region.random)
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
        expiresAt: clock.adding(milliseconds: 7 * 86_400_000)))
    guard case .invitation(let invitation) = answer else { throw SimulationError("no invitation: \(answer)") }
    return invitation
  }
}

/// A simulation that cannot go on.
package struct SimulationError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

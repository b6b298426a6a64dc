internal import LiaisonModel
internal import LiaisonProtocol

/// A batch of inputs under way inside one transaction: the node as it will be if the transaction stands.
///
/// A handler checks all that it needs first, then writes, and changes what is in memory last. Where it throws, its writes
/// are undone and the batch goes on: one bad frame never rolls back the others.
struct Batch<Store: NodeTransaction, Generator: RandomNumberGenerator> {
  let store: Store
  let now: Timestamp
  var random: Generator
  var identity: NodeIdentity
  var peers: PeerTable
  var memory: Memory
  var outputs: [Output] = []
  var tally = Tally()

  /// Receipts that this batch owes, by peer.
  var receiptsDue: [Handle: [ReceiptLeaf]] = [:]
  /// Peers whose queues may have something to send.
  var peersToServe: Set<Handle> = []
  /// Devices whose inboxes may have something to push.
  var devicesToServe: Set<DeviceIdentifier> = []
  /// Rooms that changed, so that what is held for them may find its place.
  var roomsToRelease: Set<RoomIdentifier> = []
  /// Rooms as they were read in this batch.
  var rosters: [RoomIdentifier: [RoomLeaf]] = [:]
  /// Whether something was entered into the directory, so that linked peers are told.
  var directoryGrew = false

  init(
    store: Store, now: Timestamp, random: Generator, identity: NodeIdentity, peers: PeerTable, memory: Memory
  ) {
    self.store = store
    self.now = now
    self.random = random
    self.identity = identity
    self.peers = peers
    self.memory = memory
  }

  var handle: Handle { identity.handle }

  mutating func take(_ input: Input) throws {
    switch input {
    case .linkOpened(let link, let peer): try isolated(link) { batch in try batch.opened(link, peer) }
    case .frame(let link, let frame): try take(frame, from: link)
    case .linkClosed(let link, let reason): closed(link, because: reason)
    case .linkDrained(let link): drained(link)
    case .dialFailed(let handle, let reason): memory.dialFailed(handle, because: reason, now: now, random: &random)
    case .tick: try tick()
    case .registryChanged(let peers): try adopt(peers)
    case .administration(let identifier, let request): try administer(identifier, request)
    }
  }

  /// Settles what the inputs left to do together: receipts, and whatever can now be sent.
  mutating func finish() throws {
    try releaseHeld()
    try giveUpLostRelays()
    try dialWhoIsAway()
    try pullDirectories()
    announceDirectory()
    try beginTunnels()
    try tellOfDirectories()
    try askAboutDirectories()
    try giveReceipts()
    for handle in peersToServe.sorted() { try serve(handle) }
    for device in devicesToServe.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) { try push(device) }
    try sealTunnels()
  }

  /// Places what waited for rooms that have changed.
  mutating func releaseHeld() throws {
    while let room = roomsToRelease.min(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
      roomsToRelease.remove(room)
      try release(room)
    }
  }

  mutating func take(_ frame: Frame, from link: LinkID) throws {
    // A link that was closed here may still have had frames under way.
    guard let owner = memory.links.owners[link] else { return }
    // What was sent before it on this link was dropped, and comes again first.
    if frame.body.isOrdered, memory.torn[link] != nil {
      if frame.request != 0 { answer(frame.request, .failure(.later("the node cannot store anything now")), on: link) }
      return
    }
    try isolated(link, request: frame.request) { batch in
      switch owner {
      case .peer(let handle): try batch.take(frame, from: handle, link)
      case .device(let device): try batch.take(frame, from: device, link)
      case .enrolment(let key): try batch.take(frame, bringing: key, link)
      }
    }
    // Before the next message of the same sender, which must not overtake what was held.
    try releaseHeld()
  }

  /// Runs one input's handler in a savepoint of its own, and tells the link what came of it.
  private mutating func isolated(
    _ link: LinkID, request: UInt64 = 0, _ body: (inout Self) throws -> Void
  ) throws {
    let (outputsBefore, directoryBefore) = (outputs.count, memory.directory.mark)
    do {
      try store.savepoint { try body(&self) }
    } catch {
      outputs.removeLast(outputs.count - outputsBefore)
      // What was read of a room inside it may never have been, and so may what was read of the directory.
      rosters.removeAll()
      memory.directory.forgetTree(since: directoryBefore)
      switch error {
      case let failure as Frame.Failure where request != 0:
        send(Frame(request: request, .failure(failure)), on: link)
      case let failure as Frame.Failure: close(link, failure)
      case let violation as Violation: close(link, .malformed(violation.text), logging: violation)
      case StoreError.constraint(let what):
        log(.error, "a rule of the store stopped a frame: \(what)")
        close(link, .later("the node could not do this"))
      default: throw error
      }
    }
  }
}

extension Batch {
  mutating func send(_ frame: Frame, on link: LinkID) { outputs.append(.send(link, frame)) }

  mutating func answer(_ request: UInt64, _ body: Frame.Body, on link: LinkID) {
    outputs.append(.send(link, Frame(request: request, body)))
  }

  mutating func log(_ severity: NodeEvent.Severity, peer: Handle? = nil, _ text: String) {
    outputs.append(.event(NodeEvent(severity, peer: peer, text)))
  }

  /// Logs what somebody else does wrong: once for each of them and each kind, and again no sooner than after a while.
  /// `text` names the kind, and quotes nothing of theirs.
  mutating func complain(of peer: Handle? = nil, _ text: String) {
    guard let unsaid = memory.complaints.admit(text, of: peer, at: now) else { return }
    log(.warning, peer: peer, unsaid == 0 ? text : "\(text) (\(unsaid) times more since it was logged last)")
  }

  /// Closes a link from this side.
  mutating func close(_ link: LinkID, _ failure: Frame.Failure?, logging violation: Violation? = nil) {
    if let violation {
      tally.count(.violations)
      if case .peer(let handle) = memory.links.owners[link] {
        complain(of: handle, "the peer broke the protocol, its link is closed: \(violation.text)")
      } else {
        complain("a device broke the protocol, its link is closed: \(violation.text)")
      }
    }
    outputs.append(.close(link, failure))
    let reason = violation?.text ?? failure?.text ?? "it was no longer wanted"
    memory.lost(link, because: "this node closed the link: \(reason)", now: now, random: &random)
  }

  /// A room's leaves, read once a batch.
  mutating func leaves(_ room: RoomIdentifier) throws -> [RoomLeaf] {
    if let leaves = rosters[room] { return leaves }
    let leaves = try store.leaves(room)
    rosters[room] = leaves
    return leaves
  }
}

package import LiaisonModel
internal import LiaisonProtocol

/// A node without its network, its clock and its disk: a deterministic state machine over a transactional store.
///
/// A batch of inputs is one transaction, so that many submissions share a flush, and outputs exist only once it is on
/// disk, so that what is acknowledged is kept. What the core remembers besides the store (links, what is under way on
/// them) is lost with the process and costs nothing but a resend.
package struct NodeCore<Store: NodeStore> {
  /// Where everything is kept that must survive.
  package let store: Store
  /// Who this node is.
  package private(set) var identity: NodeIdentity
  /// The peers as the registry last stood.
  package private(set) var peers: PeerTable
  private var memory = Memory()

  /// A core that has just started: no link is open.
  package init(identity: NodeIdentity, peers: PeerTable, store: Store) {
    self.identity = identity
    self.peers = peers
    self.store = store
  }

  /// How long a room's hub has not been reached, when this node consents to a takeover.
  package var hubAwayMilliseconds: UInt64 {
    get { memory.hubAwayMilliseconds }
    set { memory.hubAwayMilliseconds = newValue }
  }

  /// Takes a batch of inputs, in order, and returns what is to be done now that they are durable.
  package mutating func process(
    _ inputs: [Input], now: Timestamp, random: inout some RandomNumberGenerator
  ) -> [Output] {
    do {
      let done = try store.write { transaction in
        var batch = Batch(
          store: transaction, now: now, random: random, identity: identity, peers: peers, memory: memory)
        batch.memory.follow(clock: now)
        // Who lost the right to a link brings nothing more, whatever of theirs waits here already.
        for input in inputs where input.changesTrust { try batch.take(input) }
        for input in inputs where !input.changesTrust { try batch.take(input) }
        try batch.finish()
        return batch
      }
      random = done.random
      identity = done.identity
      peers = done.peers
      memory = done.memory
      return done.tally.isEmpty ? done.outputs : done.outputs + [.tally(done.tally)]
    } catch let error as StoreError {
      return refuse(inputs, error, now: now, random: &random)
    } catch {
      return refuse(inputs, .other("\(error)"), now: now, random: &random)
    }
  }

  /// When a ``Input/tick`` is due: a peer to dial, a request that nobody answered.
  package var wakeAt: Timestamp { memory.wakeAt }

  /// After a batch that the store did not take: those who asked are told to ask again, links that came are sent away
  /// to come again, and links that went are forgotten. What peers delivered they send again from the first that was lost
  /// (``Batch/closeTorn()``); whatever else was in it is sent again by itself.
  private mutating func refuse(
    _ inputs: [Input], _ error: StoreError, now: Timestamp, random: inout some RandomNumberGenerator
  ) -> [Output] {
    let failure = Frame.Failure.later("the node cannot store anything now; try again later")
    var outputs: [Output] = [.storeFailed(error)]
    for input in inputs {
      switch input {
      case .frame(let link, let frame) where frame.body.isAcknowledgement:
        // It would be missed for ever; the device's next Hello makes up for it.
        memory.links.remove(link)
        outputs.append(.close(link, failure))
      case .frame(let link, let frame):
        if frame.body.isOrdered { memory.torn[link] = now }
        guard frame.request != 0 && frame.body.isRequest else { break }
        outputs.append(.send(link, Frame(request: frame.request, .failure(failure))))
      case .tick: memory.torn = memory.torn.mapValues { _ in now }
      case .linkOpened(let link, _): outputs.append(.close(link, failure))
      case .linkClosed(let link, let reason): memory.lost(link, because: reason, now: now, random: &random)
      case .linkDrained(let link): memory.postpone(link, now: now)
      case .dialFailed(let handle, let reason):
        memory.dialFailed(handle, because: reason, now: now, random: &random)
      case .administration(let identifier, _):
        outputs.append(.answer(identifier, .failed(.later(error.sentence))))
      case .registryChanged: break
      }
    }
    return outputs
  }
}

extension NodeCore {
  /// The device that a link key names; `nil` for a stranger's.
  package func device(linkKey: DeviceLinkKey) throws -> DeviceRecord? {
    try store.read { try $0.device(linkKey: linkKey) }
  }

  /// Whether a member of that node is in the room.
  package func isParticipant(_ handle: Handle, in room: RoomIdentifier) throws -> Bool {
    try store.read { store in try store.leaves(room).contains { $0.address.handle == handle } }
  }

  /// Whether the device's member is in the room.
  package func isMember(_ device: DeviceIdentifier, of room: RoomIdentifier) throws -> Bool {
    try store.read { store in
      guard let address = try store.device(device)?.address else { return false }
      return try store.leaves(room).contains { $0.address == address }
    }
  }

  /// The trust log, first entry to last, from which the registry is folded, and its signed head.
  package func trustLog() throws -> (entries: [TrustLogEntry], head: [UInt8]?) {
    try store.read { (try $0.trustLogEntries(), try $0.trustLogHead()) }
  }
}

extension Frame.Body {
  /// Whether it tells what a device has.
  var isAcknowledgement: Bool { if case .inboxAcknowledge = self { true } else { false } }
  var isReceipts: Bool { if case .receipts = self { true } else { false } }

  /// Whether what its sender sends later must not be taken before it.
  var isOrdered: Bool {
    switch self {
    case .submit, .deliver: true
    default: false
    }
  }

  /// Whether it asks for an answer.
  var isRequest: Bool {
    switch self {
    case .hubCommit, .keyPackagesRequest, .directoryQuery, .submit, .createRoom, .uploadKeyPackages, .roomStateRequest,
      .peersRequest, .enrol, .roomsRequest, .devicesRequest, .deviceInvite, .deviceRemove, .keyPackagesForget,
      .memberStatement, .dutyQuery, .dutyChange, .comCheck, .chunkQuery, .chunkPut, .chunkGet,
      .directoryContinuationRequest, .directoryRecordsRequest, .directoryEntriesRequest:
      true
    case .hello, .ping, .pong, .failure, .done, .receipts, .refused, .hubAnswer, .keyPackages, .directoryAnswer,
      .roomState, .peers, .rooms, .devices, .inboxItem, .inboxAcknowledge, .enrolled, .chunkMissing, .chunk, .deliver,
      .trustLogHeads, .trustNotices, .charters, .nextCard, .bundleKey, .bundleSeen, .carry, .carried, .notCarried,
      .proposal, .directoryChanged, .vote, .takeoverRequest, .takeoverAnswer, .roomPosition, .roomCommits,
      .directoryHeads, .directoryContinuation, .directoryRecords, .directoryEntries, .dutyAnswer, .comCheckReceipt,
      .comCheckAnswer, .comCheckTaken:
      false
    }
  }
}

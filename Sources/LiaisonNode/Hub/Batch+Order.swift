internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Giving commits their one order, in the rooms whose hub this node is.
extension Batch {
  /// Who asks for a commit.
  enum Committer {
    case device(DeviceIdentifier, Address)
    case peer(Handle)
  }

  /// A commit of one of this node's devices: for this hub, or for another.
  mutating func forwardOrOrder(
    _ commit: Frame.HubCommit, by device: DeviceIdentifier, of address: Address, _ request: UInt64, on link: LinkID
  ) throws {
    guard let room = try store.room(commit.room), try leaves(commit.room).contains(where: { $0.address == address })
    else { throw Frame.Failure.unknown("this node knows no such room") }
    if room.hub == handle { return try order(commit, for: .device(device, address), answering: request, on: link) }
    try relay(.hubCommit(commit), .hubCommit, to: room.hub, for: request, on: link)
  }

  /// Answers for a commit to its room's order.
  mutating func order(
    _ commit: Frame.HubCommit, for committer: Committer, answering request: UInt64, on link: LinkID
  ) throws {
    let verdict: Frame.HubAnswer
    do {
      // What a refused commit wrote, if anything, is undone before its answer is given.
      verdict = try store.savepoint { try decide(commit, for: committer) }
    } catch let refusal as CommitRefusal {
      rosters[commit.room] = nil
      verdict = Frame.HubAnswer(.refused, epoch: refusal.epoch, text: refusal.text)
    }
    answer(request, .hubAnswer(verdict), on: link)
  }

  private mutating func decide(_ request: Frame.HubCommit, for asker: Committer) throws -> Frame.HubAnswer {
    guard let room = try store.room(request.room), !room.isLeft, room.hub == handle else {
      throw Frame.Failure.unknown("this node is not the hub of such a room")
    }
    let before = try leaves(request.room)
    guard before.contains(where: { asker.speaks(for: $0.address) }) else {
      throw Frame.Failure.unknown("this node is not the hub of such a room")
    }
    let digest = Self.digest(request)
    if let known = try store.commit(request.message, in: request.room) {
      guard known.digest == digest else { throw Frame.Failure.conflict("another commit has this identifier") }
      return Frame.HubAnswer(.accepted, epoch: known.epoch + 1)
    }
    func refused(_ text: String) -> CommitRefusal { CommitRefusal(epoch: room.epoch, text: text) }
    guard try store.message(request.message, from: handle) == nil else {
      throw Frame.Failure.conflict("a message has this identifier")
    }
    guard request.commit.count <= Limits.commitBytesMax, let commit = try? MLSMessage(request.commit),
      commit.wireFormat == .publicMessage, commit.contentType == .commit, commit.groupID == request.room.bytes,
      let epoch = commit.epoch
    else { throw refused("the commit is malformed") }
    if epoch < room.epoch { return Frame.HubAnswer(.stale, epoch: room.epoch) }
    guard epoch == room.epoch else { throw refused("the commit is of an epoch that the room has not reached") }
    guard let state = try store.roomState(request.room) else { throw StoreError.unreadable("a room without state") }
    let base = try publicGroup(state)
    let step: CommitStep
    do {
      step = try CommitStep(
        commit, groupInfo: request.groupInfo, on: base, leaves: before, hub: handle,
        authentication: authentication(.ordering, at: now), at: now)
    } catch MLSError.credentialRefused {
      throw refused("the hub does not trust the card of a device that the commit brings in")
    } catch let failure as Frame.Failure {
      throw refused(failure.text)
    } catch let error as RoomError {
      throw refused(error.sentence)
    } catch is MLSError { throw refused("the commit is not valid") }
    guard asker.speaks(for: step.committer.address), asker.isDevice(step.committer.device) else {
      throw refused("a commit is asked for by its own device, through its own node")
    }
    try check(request.welcome, of: step, refused)
    let removed = try step.welcomed.first { leaf in
      try leaf.address.handle == handle && store.device(leaf.device) == nil
    }
    guard removed == nil else { throw refused("a device that the commit brings in was removed from its node") }
    do { try permit(step, asked: asker) } catch let failure as Frame.Failure { throw refused(failure.text) }
    try accept(request, digest, step, in: room)
    return Frame.HubAnswer(.accepted, epoch: step.newEpoch)
  }

  /// Throws where a policy keeps the commit out of the room's order: of the node that asks, or of one that comes in.
  private func permit(_ step: CommitStep, asked asker: Committer) throws {
    let before = Set(step.before.map(\.address))
    let known = Set(before.map(\.handle))
    for leaf in step.welcomed where !known.contains(leaf.address.handle) {
      try permit(.relaying, with: leaf.address.handle)
    }
    guard case .peer(let peer) = asker else { return }
    try permit(.relaying, with: peer)
    try permitEntry(of: Set(step.welcomed.map(\.address)).subtracting(before), by: peer)
  }

  /// Somebody was added exactly where there is a Welcome, and it is for as many as were added.
  private func check(
    _ welcome: [UInt8]?, of step: CommitStep, _ refused: (String) -> CommitRefusal
  ) throws {
    guard let welcome else {
      guard step.welcomed.isEmpty else { throw refused("the commit adds devices without a welcome") }
      return
    }
    guard case .welcome(let content)? = try? MLSMessage(welcome), content.cipherSuite == step.group.cipherSuite,
      content.newMembers.count == step.welcomed.count, !step.welcomed.isEmpty
    else { throw refused("the welcome is not for those whom the commit adds") }
  }

  /// Makes the commit the one of its epoch, and queues it for everybody whom it concerns.
  private mutating func accept(
    _ request: Frame.HubCommit, _ digest: [UInt8], _ step: CommitStep, in room: RoomRecord
  ) throws {
    var next = room
    next.epoch = step.newEpoch
    try store.insertCommit(
      CommitRecord(message: request.message, epoch: room.epoch, digest: digest), in: request.room)
    try store.advanceRoom(
      next, state: RoomState(publicGroup: step.group.serialized, groupInfo: step.groupInfo), leaves: step.after)
    rosters[request.room] = nil
    tally.count(.commits)

    let commit = RoomCommit(epoch: room.epoch, commit: request.commit, groupInfo: request.groupInfo)
    let key = try insert(request.message, .commit, commit.tlsEncoded, of: request.room)
    for peer in Set(step.before.map(\.address.handle)).subtracting([handle]).sorted() { try queue(key, for: peer) }
    try putInbox(.message(key), of: step.witnesses(at: handle))

    guard let welcome = request.welcome else { return }
    let tree = step.group.ratchetTree.tlsEncoded
    let added = Dictionary(grouping: step.welcomed, by: \.address.handle)
    for (peer, leaves) in added.sorted(by: { $0.key < $1.key }) where peer != handle {
      let welcome = RoomWelcome(
        welcome: welcome, groupInfo: request.groupInfo, ratchetTree: tree, added: Set(leaves.map(\.address)).sorted())
      let payload = welcome.tlsEncoded
      guard payload.count <= Limits.envelopePayloadBytesMax else {
        throw CommitRefusal(epoch: room.epoch, text: "the welcome is too large; add fewer devices at a time")
      }
      try queue(try insert(MessageIdentifier(using: &random), .welcome, payload, of: request.room), for: peer)
    }
    try handOver(
      welcome, groupInfo: request.groupInfo, ratchetTree: tree, epoch: step.newEpoch, to: added[handle] ?? [],
      in: request.room, origin: handle, at: now)
  }

  /// Makes an envelope of this node's own.
  private mutating func insert(
    _ message: MessageIdentifier, _ kind: Envelope.Kind, _ payload: [UInt8], of room: RoomIdentifier
  ) throws -> MessageKey {
    // Above everything else: messages of the new epoch wait for it.
    let envelope = Envelope(
      message: message, room: room, origin: handle, precedence: .flash, acceptedAt: now, kind: kind, payload: payload)
    let bytes = envelope.tlsEncoded
    return try store.insertMessage(
      MessageRecord(
        message: message, origin: handle, room: room, digest: Envelope.digest(ofEncoded: bytes), acceptedAt: now,
        sender: nil), envelope: bytes)
  }

  /// The order must reach also those who are away or suspended: they can catch up with nothing else.
  private mutating func queue(_ key: MessageKey, for peer: Handle) throws {
    try store.enqueue(key, for: peer, precedence: .flash, at: now)
    peersToServe.insert(peer)
  }

  private static func digest(_ request: Frame.HubCommit) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: request.commit.count + request.groupInfo.count + 256)
    encoder.write(opaque: request.commit)
    encoder.write(opaque: request.welcome ?? [])
    encoder.write(opaque: request.groupInfo)
    return Array(SHA256.hash(data: encoder.bytes))
  }
}

/// A commit that will never be valid.
struct CommitRefusal: Error {
  let epoch: UInt64
  let text: String
}

extension Batch.Committer {
  /// Whether the asker may speak for a member.
  fileprivate func speaks(for address: Address) -> Bool {
    switch self {
    case .device(_, let own): address == own
    case .peer(let handle): address.handle == handle
    }
  }

  /// Whether the committing device is the asker, as far as that is known here.
  fileprivate func isDevice(_ device: DeviceIdentifier) -> Bool {
    switch self {
    case .device(let own, _): device == own
    case .peer: true
    }
  }
}

internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Why an inbox item was not taken; the words are ours and for people.
struct ItemRefusal: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

extension EngineStep {
  /// Takes one envelope from the inbox. Throws ``ItemRefusal`` or ``MLSError`` for one that can never be taken.
  func receive(_ envelope: Envelope, digest: [UInt8], roomState: LiaisonProtocol.Frame.RoomState?) throws {
    switch envelope.kind {
    case .application: try receiveMessage(envelope, digest)
    case .commit: try receiveCommit(envelope)
    case .welcome: try receiveWelcome(envelope, roomState)
    }
  }

  // MARK: Messages

  private func receiveMessage(_ envelope: Envelope, _ digest: [UInt8]) throws {
    guard case .privateMessage(let message)? = try? MLSMessage(envelope.payload),
      message.groupID == envelope.room.bytes, message.contentType == .application
    else { throw ItemRefusal("it holds no message of its room") }
    guard let record = try tx.room(envelope.room), var group = try group(envelope.room) else {
      return try wait(envelope, epoch: message.epoch)
    }
    if record.state == .comingIn, try tx.pendingCommit(record.room)?.isExternal == true {
      // The group is the one that this device's own commit opens: what is older it cannot read any more.
      guard message.epoch >= group.epoch else { return }
      return try wait(envelope, epoch: message.epoch)
    }
    if message.epoch > group.epoch {
      guard group.isActive else { return }
      return try wait(envelope, epoch: message.epoch)
    }
    let application: ApplicationMessage
    do {
      guard
        case .application(let read) = try group.process(
          .privateMessage(message), authentication: RoomAuthentication.nobody, now: now.seconds)
      else { throw ItemRefusal("it holds no message of its room") }
      application = read
    } catch let error as MLSError {
      switch error {
      // The envelope of a message that is known, in other bytes; or one from before this device came in.
      case .keyConsumed where try tx.history(envelope.message) != nil: return
      case .ownMessage: return
      case .wrongEpoch where try message.epoch < tx.joinEpoch(envelope.room): return
      default: throw error
      }
    }
    guard let sender = RoomMember(leaf: application.sender, application.senderCredential) else {
      throw ItemRefusal("its sender's credential is malformed")
    }
    // The key is used up from here on, whatever the content is.
    try save(group, envelope.room)
    try takeShownHeads(application.authenticatedData)
    guard let content = try? MessageContent(tlsEncoded: application.plaintext) else {
      return try appendNotice(
        .unreadable("a message from \(sender.address) is malformed"), envelope.room, isUnread: true)
    }
    let isNew = try tx.count(content.sequence, of: sender, in: envelope.room, epoch: message.epoch, now: now)
    // The one that was missed comes after all, but it was sent again meanwhile.
    if !isNew, case (_, let entry)? = try tx.history(content.message), entry.flags.contains(.sentAgain),
      entry.device == sender.device
    {
      return
    }
    var flags: MessageFlags = isNew ? [] : .sequenceRepeated
    if content.message != envelope.message { flags.insert(.identifierDiffers) }
    if content.precedence != envelope.precedence { flags.insert(.precedenceDiffers) }
    if envelope.origin != sender.address.handle { flags.insert(.originDiffers) }
    try take(content, from: sender, in: record, epoch: message.epoch, digest: digest, flags: flags)
  }

  /// Takes what a member said in an epoch. The digest is that of the envelope, where it came in its own.
  func take(
    _ content: MessageContent, from sender: RoomMember, in record: RoomRecord, epoch: UInt64, digest: [UInt8],
    flags: MessageFlags
  ) throws {
    var flags = flags
    if let quoted = content.replyTo, case (_, let entry)? = try tx.history(quoted), entry.room == record.room,
      case .message(let original) = entry.content, content.marking < original.marking
    {
      flags.insert(.markingLowered)
    }
    switch content.body {
    case .acknowledgement(let messages):
      for message in messages {
        try tx.note(
          message, in: record.room, by: sender.address, displayedAt: content.sentAt, acknowledgedAt: content.sentAt)
        // Another device of the same person.
        guard sender.address == identity.address, case (let position, let entry)? = try tx.history(message),
          entry.room == record.room
        else { continue }
        try tx.noteAcknowledged(position)
        try tx.noteRead(position)
      }
    case .displayed(let messages):
      for message in messages {
        try tx.note(message, in: record.room, by: sender.address, displayedAt: content.sentAt)
        // On another device of the same person.
        guard sender.address == identity.address, case (let position, let entry)? = try tx.history(message),
          entry.room == record.room
        else { continue }
        try tx.noteRead(position)
      }
    case .title(let title):
      // One that comes late is no longer the latest.
      guard flags.isDisjoint(with: [.sentAgain, .sequenceRepeated]) || record.title.isEmpty else { return }
      var record = record
      record.title = title
      try tx.save(record)
    case .leave where sender.address == identity.address:
      // Said on another device of the same person.
      guard record.state == .active else { return }
      try giveUp(record.room, because: "you left the room")
      var record = record
      record.state = .leaving
      try tx.save(record)
    case .leave: try planRemoval(of: sender, in: record)
    case .successor(let room): try noteSuccessor(room, of: record, by: sender.address)
    case .confirmations(let told): try take(told, from: sender, in: record)
    // Neither is ever sent again itself.
    case .missing(let request):
      if !flags.contains(.sentAgain) { try answer(request, from: sender, in: record.room) }
    case .again(let answer):
      if !flags.contains(.sentAgain) { try take(answer, from: sender, in: record.room, epoch: epoch) }
    case .handedOver(let message): try take(message, in: content, from: sender, record, digest, flags)
    case .text, .document, .duty, .unknown:
      guard try tx.history(content.message) == nil else {
        return try appendNotice(
          .unreadable("a message from \(sender.address) has another one's identifier"), record.room, isUnread: true)
      }
      var entry = HistoryRecord(
        identifier: content.message, room: record.room, at: now, content: .message(content), sender: sender.address,
        device: sender.device)
      entry.flags = flags
      entry.digest = digest
      if sender.address == identity.address, let addresses = try group(record.room)?.addresses {
        // Written on another device: receipts for it come here too.
        entry.nodes = Set(addresses.map(\.handle)).sorted()
        entry.recipients = addresses.filter { $0 != identity.address }
      }
      try tx.append(entry, isUnread: sender.address != identity.address)
      if case .duty(let note) = content.body { try take(note, from: sender, in: record) }
    }
  }

  /// Somebody leaves: every member's device plans the removal, one commit wins, and the rest find nothing left to do.
  private func planRemoval(of sender: RoomMember, in record: RoomRecord) throws {
    guard record.state == .active else { return }
    let isPlanned = try tx.intents(record.room).contains {
      if case .remove(sender.address) = $0.action { $0.state != .failed } else { false }
    }
    guard !isPlanned else { return }
    try tx.append(Intent(identifier: random(16), room: record.room, .remove(sender.address)))
    try settle(record.room)
  }

  // MARK: Commits

  private func receiveCommit(_ envelope: Envelope) throws {
    guard let commit = try? RoomCommit(tlsEncoded: envelope.payload),
      case .publicMessage(let message)? = try? MLSMessage(commit.commit), message.groupID == envelope.room.bytes,
      message.epoch == commit.epoch
    else { throw ItemRefusal("it holds no commit of its room") }
    if let record = try tx.room(envelope.room), record.state == .comingIn {
      try receiveCommitWhileComingIn(commit, record)
      // What waits is for the epoch that its own commit opens.
      guard try tx.room(envelope.room)?.state != .comingIn else { return }
      try drainWaiting(envelope.room)
      return try settle(envelope.room)
    }
    guard let record = try tx.room(envelope.room), var group = try group(envelope.room) else {
      return try wait(envelope, epoch: commit.epoch)
    }
    guard group.isActive, record.state != .damaged else { return }
    // One that this device has already, or that its Welcome contained.
    guard commit.epoch >= group.epoch else { return }
    // The node hands over commits in their order: what is between them has ended while this device was away.
    guard commit.epoch == group.epoch else {
      return try damage(record, because: "changes of it came and went while this device was away")
    }
    try follow(commit, message, record, &group)
    try drainWaiting(envelope.room)
    try settle(envelope.room)
  }

  private func follow(
    _ commit: RoomCommit, _ message: PublicMessage, _ record: RoomRecord, _ group: inout Group
  ) throws {
    let before = group.roomMembers
    let pending = try tx.pendingCommit(record.room)
    var record = record
    let committer: Address?
    var arrival: Arrival?
    if let pending, pending.commit == commit.commit {
      try group.mergePendingCommit(now: now.seconds)
      committer = identity.address
      record.refreshedAt = now
      for intent in try tx.intents(record.room) where intent.state == .committing { try tx.delete(intent) }
    } else {
      do {
        guard
          case .commit(let staged) = try group.process(
            .publicMessage(message), authentication: authenticationToFollow(), now: now.seconds)
        else { throw ItemRefusal("it holds no commit") }
        let previous = before.first { $0.leaf == staged.committer }?.address
        group.clearPendingCommit()
        try group.merge(staged)
        let present = group.roomMembers.first { $0.leaf == staged.committer }
        committer = present?.address ?? previous
        if staged.sender == .newMemberCommit, let present {
          arrival = Arrival(
            device: present.device, authorisation: try? DeviceAuthorisation(tlsEncoded: staged.authenticatedData))
        }
      } catch let error as MLSError {
        return try damage(
          record,
          because: error == .credentialRefused
            ? "it brings in keys that no known node vouches for" : "it does not verify")
      }
      // What lost is made anew on top of the winner.
      for var intent in try tx.intents(record.room) where intent.state == .committing {
        intent.state = .open
        try tx.save(intent)
      }
    }
    if let pending { try tx.dequeue(pending.message) }
    try save(group, record.room)
    let hub = try? RoomExtension(of: group.groupContextExtensions).hub
    let isMoved = group.isActive && hub != nil && hub != record.hub
    if isMoved, let hub { record.hub = hub }
    try tx.save(record)
    if isMoved { try appendNotice(.moved(to: record.hub, by: committer), record.room, isUnread: true) }
    try noteChanges(from: before, group, record, by: committer, arrival)
    guard group.isActive else { return }
    try tellTitle(group.roomMembers, before, record, isOwn: pending?.commit == commit.commit, arrival)
  }

  /// Those whom this device has added do not know the room's title, nor does a further device of its own member.
  private func tellTitle(
    _ after: [RoomMember], _ before: [RoomMember], _ record: RoomRecord, isOwn: Bool, _ arrival: Arrival?
  ) throws {
    guard record.state == .active else { return }
    let new = after.filter { member in !before.contains { $0.device == member.device } }
    if new.contains(where: { $0.address == identity.address }) { try tellConfirmations(toNewIn: record.room) }
    guard !record.title.isEmpty else { return }
    let isOwed =
      isOwn
      ? new.contains { $0.address != identity.address }
      : new.contains { $0.device == arrival?.device && $0.address == identity.address }
    if isOwed { _ = try send(Draft(.title(record.title), marking: .red), to: record.room) }
  }

  /// The device that came in by its own external commit, and what it showed.
  private struct Arrival {
    let device: DeviceIdentifier
    let authorisation: DeviceAuthorisation?
  }

  /// A commit that this device cannot follow: nothing later can be read. It is shown, and the inbox goes on.
  private func damage(_ record: RoomRecord, because reason: String) throws {
    var record = record
    record.state = .damaged
    try tx.save(record)
    try giveUp(record.room, because: "a change of the room could not be followed")
    try appendNotice(
      .damaged("a change of this room could not be followed: \(reason); use: liaison room rejoin"), record.room,
      isUnread: true)
  }

  /// Writes down who came and went.
  private func noteChanges(
    from before: [RoomMember], _ group: Group, _ record: RoomRecord, by committer: Address?, _ arrival: Arrival?
  ) throws {
    guard group.isActive else {
      var record = record
      record.state = .ended
      try tx.save(record)
      try giveUp(record.room, because: "you are no longer a member of the room")
      return try appendNotice(.ended(by: committer), record.room, isUnread: true)
    }
    let after = group.roomMembers
    for member in after
    where member.device == arrival?.device || !before.contains(where: { $0.device == member.device }) {
      try tx.expect(.one, from: member, in: record.room, since: group.epoch)
    }
    for member in after where !before.contains(member) { try takeFromRoom(member.card) }
    let old = Set(before.map(\.address))
    let new = Set(after.map(\.address))
    let added = new.subtracting(old).sorted()
    let removed = old.subtracting(new).sorted()
    let isOwn = committer == identity.address
    if !added.isEmpty { try appendNotice(.added(added, by: committer), record.room, isUnread: !isOwn) }
    if !removed.isEmpty { try appendNotice(.removed(removed, by: committer), record.room, isUnread: !isOwn) }
    for member in after where old.contains(member.address) {
      if !before.contains(where: { $0.device == member.device }) {
        try noteNewDevice(member, in: record.room, before, arrival)
      } else if member.device == arrival?.device {
        try appendNotice(.deviceReturned(member.address, member.device), record.room, isUnread: true)
      }
    }
    for member in before where new.contains(member.address) && !after.contains(where: { $0.device == member.device }) {
      try appendNotice(
        .deviceRemoved(member.address, member.device, by: committer), record.room, isUnread: !isOwn)
    }
  }

  /// A member who is in uses one more device. One that a confirmed device authorised is as good as confirmed.
  private func noteNewDevice(
    _ member: RoomMember, in room: RoomIdentifier, _ before: [RoomMember], _ arrival: Arrival?
  ) throws {
    func device(_ member: RoomMember) -> MemberCard.Device? {
      (try? member.card.claim())?.devices.first { $0.identifier == member.device }
    }
    let known = before.filter { $0.address == member.address }.compactMap(device)
    var authoriser: DeviceIdentifier?
    if let new = device(member), arrival?.device == member.device {
      authoriser = arrival?.authorisation?.authoriser(of: new, member.address, among: known)
      if member.address == identity.address { try trust(new, by: arrival?.authorisation) }
      if let authoriser, var contact = try tx.contact(member.address), var pin = contact.pin,
        pin.devices.contains(where: { $0.identifier == authoriser && known.contains($0) }), !pin.devices.contains(new),
        pin.devices.count < Limits.devicesPerMemberMax
      {
        pin.devices.append(new)
        contact.pin = pin
        try tx.save(contact, member.address)
      }
    }
    try appendNotice(.device(member.address, member.device, authorisedBy: authoriser), room, isUnread: true)
  }

  // MARK: Welcomes

  private func receiveWelcome(_ envelope: Envelope, _ roomState: LiaisonProtocol.Frame.RoomState?) throws {
    guard let invitation = try? RoomWelcome(tlsEncoded: envelope.payload),
      case .welcome(let welcome)? = try? MLSMessage(invitation.welcome)
    else { throw ItemRefusal("it holds no welcome") }
    // It comes in by a commit of its own, and what that replaces is of no use.
    if try tx.room(envelope.room)?.state == .comingIn { return }
    if let record = try tx.room(envelope.room), let group = try group(envelope.room), group.isActive,
      record.state != .damaged
    {
      throw ItemRefusal("it invites into a room that you are in already")
    }
    guard let bundle = try keyPackage(for: welcome) else {
      // It was restored from a backup since it left the key package: it comes in by a commit of its own.
      return try planToComeIn(envelope.room, hub: envelope.origin)
    }
    guard let roomState else { throw ItemRefusal("the node does not have the room's tree") }
    guard let tree = try? RatchetTree(tlsEncoded: roomState.ratchetTree) else {
      throw ItemRefusal("the node gave a malformed tree")
    }
    let group = try Group.join(
      welcome, bundle: bundle.bundle, signatureKey: identity.leafKey(), ratchetTree: tree,
      configuration: RoomPolicy.configuration, random: RandomSource(random), authentication: authenticationToFollow(),
      now: now.seconds)
    guard group.groupID == envelope.room.bytes else { throw ItemRefusal("its group is not the envelope's") }
    guard let room = try? RoomExtension(of: group.groupContextExtensions),
      room.hub == envelope.origin || group.roomMembers.contains(where: { $0.address.handle == envelope.origin })
    else { throw ItemRefusal("it does not come from a node of the room") }
    if !bundle.isLastResort { try tx.deleteKeyPackage(bundle.bundle.reference.bytes) }
    try tx.save(
      RoomRecord(
        room: envelope.room, hub: room.hub, title: title(ofSuccessor: envelope.room), state: .active,
        isRegistered: true, addressees: [],
        refreshedAt: now))
    try save(group, envelope.room)
    try tx.setJoinEpoch(group.epoch, envelope.room)
    try tx.restartSequence(envelope.room)
    for member in group.roomMembers {
      try takeFromRoom(member.card)
      // In a room's first epoch with others nobody has written yet.
      try tx.expect(group.epoch == 1 ? .one : .firstSeen, from: member, in: envelope.room, since: group.epoch)
    }
    try appendNotice(.joined(by: nil), envelope.room, isUnread: true)
    try drainWaiting(envelope.room)
  }

  private func keyPackage(for welcome: Welcome) throws -> (bundle: KeyPackageBundle, isLastResort: Bool)? {
    for reference in welcome.newMembers {
      if let found = try tx.keyPackage(reference.bytes) { return found }
    }
    return nil
  }

  // MARK: What waits

  /// Keeps an envelope until its epoch, or its room, comes.
  private func wait(_ envelope: Envelope, epoch: UInt64) throws {
    let room = Data(tx.index(envelope.room))
    let counts = try tx.db.row(
      sql: "SELECT count(*) FILTER (WHERE room = ?) AS here, count(*) AS everywhere FROM waiting",
      arguments: [room])
    guard let counts, counts["here"] < RoomPolicy.waitingPerRoomMax, counts["everywhere"] < RoomPolicy.waitingMax,
      let epoch = Int64(exactly: epoch)
    else { throw ItemRefusal("too much waits for a change of its room that does not come") }
    let identifier = random(16)
    try tx.db.run(
      sql: "INSERT INTO waiting (room, epoch, identifier, value) VALUES (?, ?, ?, ?)",
      arguments: [room, epoch, Data(identifier), tx.seal(envelope, "waiting", identifier)])
  }

  /// Takes what waited for the room's present epoch, in the order in which it came.
  private func drainWaiting(_ room: RoomIdentifier) throws {
    let index = Data(tx.index(room))
    while let group = try group(room) {
      guard
        let row = try tx.db.row(
          sql:
            "SELECT position, identifier, value FROM waiting WHERE room = ? AND epoch <= ? ORDER BY epoch, position LIMIT 1",
          arguments: [index, Int64(exactly: group.epoch) ?? .max])
      else { return }
      try tx.db.run(sql: "DELETE FROM waiting WHERE position = ?", arguments: [row["position"] as Int64])
      let envelope: Envelope = try tx.open(row["value"], "waiting", Array(row["identifier"] as Data))
      let digest = Envelope.digest(ofEncoded: envelope.tlsEncoded)
      try takeOrRecord(envelope, digest: digest, roomState: nil)
    }
  }

  /// Takes an envelope; where it can never be taken, undoes what it began and writes that down.
  func takeOrRecord(_ envelope: Envelope, digest: [UInt8], roomState: LiaisonProtocol.Frame.RoomState?) throws {
    do {
      try tx.attempt { try receive(envelope, digest: digest, roomState: roomState) }
    } catch let error as ItemRefusal {
      try record(error.reason, envelope)
    } catch let error as MLSError {
      try record(Self.words(for: error), envelope)
    }
  }

  private func record(_ reason: String, _ envelope: Envelope) throws {
    let what = envelope.kind == .application ? "a message" : envelope.kind == .commit ? "a change" : "an invitation"
    let notice = RoomNotice.unreadable("\(what) by way of \(envelope.origin) could not be taken: \(reason)")
    guard try tx.room(envelope.room) != nil else {
      return try tx.setCounter("refusedItems", to: tx.counter("refusedItems") + 1)
    }
    try appendNotice(notice, envelope.room, isUnread: true)
  }

  private static func words(for error: MLSError) -> String {
    switch error {
    case .keyConsumed: "its key was used before"
    case .wrongEpoch: "it is too old"
    case .credentialRefused: "no known node vouches for its keys"
    case .decryptionFailed: "it does not decrypt"
    default: "it does not verify"
    }
  }

  func appendNotice(_ notice: RoomNotice, _ room: RoomIdentifier, isUnread: Bool) throws {
    try tx.append(
      HistoryRecord(identifier: newIdentifier(), room: room, at: now, content: .notice(notice)), isUnread: isUnread)
  }
}

extension ProfileTransaction {
  /// The epoch in which this device came into a room: what is older was never for it.
  func joinEpoch(_ room: RoomIdentifier) throws -> UInt64 { try counter("join/" + Hex.encode(index(room))) }

  func setJoinEpoch(_ epoch: UInt64, _ room: RoomIdentifier) throws {
    try setCounter("join/" + Hex.encode(index(room)), to: epoch)
  }
}

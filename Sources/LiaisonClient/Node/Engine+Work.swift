internal import GRDB
package import LiaisonModel
internal import LiaisonProtocol
internal import MLS
internal import TLSPresentation

extension Engine {
  /// When somebody is to be asked for missing messages next, if anybody is.
  package func nextAskAt(now: Timestamp) throws -> Timestamp? { try store.read { try $0.nextAskAt(now: now) } }
}

extension EngineStep {
  /// What has to be asked of the node now, in the order in which it should be: chores, rooms, commits, messages. At most
  /// `limit` messages are under way; nothing whose key is in `underway`, nor in `resting` until it is tried again.
  func work(
    underway asked: Set<Work.Key> = [], resting: Set<Work.Key> = [], limit: Int = 64
  ) throws -> [Work] {
    var work: [Work] = []
    let underway = asked.union(resting)
    func add(_ key: Work.Key, _ request: @autoclosure () throws -> Frame.Body?) rethrows {
      guard !underway.contains(key), let request = try request() else { return }
      work.append(Work(key: key, request: request))
    }
    // Nobody may be given what this device has lost, before there is anything new.
    if try tx.counter("forgetKeyPackages") > 0 {
      add(.forgetKeyPackages, .keyPackagesForget)
    } else {
      try add(.uploadKeyPackages, keyPackagesToUpload().map { .uploadKeyPackages(keyPackages: $0, lastResort: $1) })
    }
    for record in try tx.rooms() where record.state == .establishing && !record.isRegistered {
      try add(.createRoom(record.room), creation(of: record))
    }
    for record in try tx.rooms() where record.state == .comingIn {
      guard try tx.pendingCommit(record.room) == nil else { continue }
      add(.comeIn(record.room), .roomStateRequest(record.room))
    }
    for intent in try tx.intents(nil) where intent.state == .open {
      guard case .add(let address, let keyPackages) = intent.action, keyPackages.isEmpty else { continue }
      add(.keyPackages(intent: intent.identifier), .keyPackagesRequest(address))
    }
    for commit in try tx.pendingCommits() where commit.standing.isAsked {
      let isTakeover = try tx.intents(commit.room).contains { $0.isTakeOver && $0.state != .failed }
      add(
        .commit(commit.message),
        .hubCommit(
          Frame.HubCommit(
            message: commit.message, room: commit.room, commit: commit.commit,
            welcome: commit.welcome.isEmpty ? nil : commit.welcome, groupInfo: commit.groupInfo,
            isTakeover: isTakeover)))
    }
    for work in try ownDirectoryWork() { add(work.key, work.request) }
    let checks = underway.compactMap { if case .cardCheck(let address) = $0 { address } else { nil } }
    let checksAsked = asked.count { if case .cardCheck = $0 { true } else { false } }
    for address in try tx.pendingCardChecks(limit: max(0, Self.cardChecksMax - checksAsked), but: Set(checks)) {
      add(.cardCheck(address), .directoryQuery(.address(address)))
    }
    for country in try tx.knownCountries() {
      guard let question = try directoryQuestion(of: country) else { continue }
      add(.directoryContinuation(question), .directoryContinuationRequest(question))
    }
    let submitted = Set(underway.compactMap { if case .submit(let message) = $0 { message } else { nil } })
    for envelope in try tx.queuedEnvelopes(limit: limit, but: submitted) {
      add(.submit(envelope.message), .submit(envelope: envelope.tlsEncoded))
    }
    return work
  }

  /// What a device does each time it has its node: learns of peers and of its own card, and renews old keys.
  func greeting() throws -> [Work] {
    try refreshLeaves()
    try tellConfirmations()
    // A hub that took a commit, or another's, may be gone, and another node in its place: asking again changes nothing else.
    for var commit in try tx.pendingCommits() where !commit.standing.isAsked {
      commit.standing = commit.standing.again
      try tx.save(commit)
    }
    try tx.forgetOldSent()
    return [
      Work(key: .peers, request: .peersRequest),
      Work(key: .ownCard, request: .directoryQuery(.address(identity.address))),
      Work(key: .rooms, request: .roomsRequest),
      Work(key: .duties, request: .dutyQuery(identity.address)),
    ] + (try rolesInUse.prefix(Limits.pendingRequestsMax / 2).map { Work(key: .role($0), request: .dutyQuery($0)) })
  }

  private func creation(of record: RoomRecord) throws -> Frame.Body? {
    guard let group = try group(record.room) else { return nil }
    return .createRoom(
      Frame.CreateRoom(
        room: record.room, groupInfo: MLSMessage.groupInfo(try group.groupInfo(withTree: false)).tlsEncoded,
        ratchetTree: group.ratchetTree.tlsEncoded))
  }

  /// Takes in the answer to a piece of work. An answer to something that is done already changes nothing.
  func complete(_ key: Work.Key, _ answer: Frame.Body) throws -> WorkOutcome {
    if case .failure(let failure) = answer, failure.isPassing, !key.isOfDirectory {
      return try postpone(key, failure)
    }
    switch (key, answer) {
    case (.peers, .peers(let peers)): try take(peers)
    case (.ownCard, .directoryAnswer(let answer)):
      try takeOwnCard(answer)
      try tx.take(answer.people, now: now)
    case (.directoryRecords, .directoryRecords(let part)): try take(part)
    case (.directoryEntries(let indices), .directoryEntries(let entries)): return try take(entries, at: indices)
    case (.ownDevices, .devices(let devices)): try take(devices)
    case (.directoryRecords, _), (.directoryEntries, _), (.ownDevices, _): return try giveUpOwnDirectory(key, answer)
    case (.directoryContinuation(let question), .failure(let failure)) where failure.isPassing:
      try settle(question, answer)
      return .retry(reason: failure.text)
    case (.directoryContinuation(let question), _): try settle(question, answer)
    case (.cardCheck(let address), .directoryAnswer(let answer)): return try settleCheck(of: address, answer)
    case (.cardCheck(let address), _): try giveUpCheck(of: address)
    case (.rooms, .rooms(let rooms, let keyPackages)):
      try take(rooms)
      // It may have given them all to people who used none, or have lost them with an older backup.
      if try tx.counter("keyPackageUpload") == 0 {
        try tx.setCounter("keyPackagesAtNode", to: UInt64(keyPackages) + 1)
      }
    case (.duties, .dutyAnswer(let duties)): try take(duties, isOwn: true)
    case (.role, .dutyAnswer(let duties)): try take(duties, isOwn: false)
    // A node of before answers for a member of that address.
    case (.duties, .directoryAnswer), (.role, .directoryAnswer), (.duties, .failure), (.role, .failure): break
    case (.forgetKeyPackages, .done), (.forgetKeyPackages, .failure):
      try tx.setCounter("forgetKeyPackages", to: 0)
    case (.comeIn(let room), .roomState(let state)): return try comeIn(room, state)
    case (.comeIn(let room), .failure): try endComingIn(room)
    case (.uploadKeyPackages, .done): try endKeyPackageUpload(.done)
    case (.uploadKeyPackages, .failure): try endKeyPackageUpload(.refused)
    case (.createRoom(let room), .done): try registered(room)
    case (.createRoom(let room), .failure(let failure)): try notRegistered(room, failure)
    case (.keyPackages(let intent), .keyPackages(let keyPackages)): try take(keyPackages, for: intent)
    case (.keyPackages(let intent), .failure(let failure)): try refuse(intent, failure)
    case (.commit(let message), .hubAnswer(let answer)): return try take(answer, of: message)
    case (.commit(let message), .failure(let failure)):
      try refuseCommit(message, failure.text, isOut: failure.reason == .unknown)
    case (.submit(let message), .done): try accepted(message)
    case (.submit(let message), .failure(let failure)): try refused(message, failure)
    // Peers and cards that could not be had stay as they are; they are asked for on the next connection.
    case (.peers, .failure), (.ownCard, .failure), (.rooms, .failure), (.roomState, _): break
    default:
      return .retry(reason: "the node gave an answer of the wrong kind")
    }
    return .done
  }

  private func postpone(_ key: Work.Key, _ failure: Frame.Failure) throws -> WorkOutcome {
    switch key {
    case .uploadKeyPackages: try endKeyPackageUpload(.failed)
    case .keyPackages(let identifier):
      guard var intent = try tx.intent(identifier), intent.state == .open else { return .done }
      intent.attempts = intent.attempts &+ 1
      intent.reason = String(failure.text.prefix(200))
      try tx.save(intent)
      try settle(intent.room)
    default: break
    }
    return .retry(reason: failure.text)
  }

  // MARK: Chores

  private func take(_ peers: [Frame.Peer]) throws {
    for peer in peers {
      guard let claim = try? peer.nodeCard.claim() else { continue }
      let isOwn = claim.handle == identity.address.handle
      try tx.take(peer.nodeCard, isActive: peer.isActive || isOwn)
      try noteLink(with: claim.handle, isLinked: peer.isLinked)
      if let head = peer.directoryHead { try see(head, isTold: true) }
      for evidence in peer.directoryEvidence { try keep(evidence, against: claim.handle) }
    }
    guard let own = try tx.node(identity.address.handle)?.card, own != identity.nodeCard else { return }
    var renewed = identity
    renewed.nodeCard = own
    try tx.set(renewed)
  }

  /// A newer card of this member goes into every leaf with the next refresh.
  private func takeOwnCard(_ answer: Frame.DirectoryAnswer) throws {
    let cards: [Signed<MemberCard>]
    // The own log is read whole besides, so that nothing is waited for.
    do { cards = try check(answer).cards } catch let error as ClientError {
      if error.code == Self.pastDirectory { return }
      return try noteFault(
        "your node gave your card without proof that it is in its directory: \(error.sentence)",
        of: identity.address.handle)
    }
    if let own = cards.first(where: { $0.content.address == identity.address }) {
      try lookAtOwnCard(own.content, isProven: true)
    }
    guard let unverified = cards.first(where: { $0.content.address == identity.address })?.unverified,
      let card = try tx.take(unverified, now: now), card.unverified != identity.memberCard,
      card.content.devices.contains(where: {
        $0.identifier == identity.device && $0.signatureKey == identity.signatureKey.publicKey
      })
    else { return }
    var renewed = identity
    renewed.memberCard = card.unverified
    try tx.set(renewed)
    // A device that the node knows no longer has no business in rooms.
    let devices = Set(card.content.devices.map(\.identifier))
    try self.renewed().planRemoval { !devices.contains($0) }
    try self.renewed().tellConfirmations()
  }

  // MARK: Rooms

  private func registered(_ room: RoomIdentifier) throws {
    guard var record = try tx.room(room), !record.isRegistered else { return }
    record.isRegistered = true
    try tx.save(record)
    try settle(room)
  }

  private func notRegistered(_ room: RoomIdentifier, _ failure: Frame.Failure) throws {
    guard var record = try tx.room(room), !record.isRegistered else { return }
    try giveUp(room, because: failure.text)
    record.state = .ended
    try tx.save(record)
  }

  private func take(_ keyPackages: [[UInt8]], for identifier: [UInt8]) throws {
    guard var intent = try tx.intent(identifier), intent.state == .open,
      case .add(let address, let present) = intent.action, present.isEmpty
    else { return }
    if keyPackages.isEmpty {
      try failToAdd(address, &intent, "\(address) has no device that could be added")
    } else {
      intent.action = .add(address, keyPackages: keyPackages)
      try tx.save(intent)
    }
    try settle(intent.room)
  }

  private func refuse(_ identifier: [UInt8], _ failure: Frame.Failure) throws {
    guard var intent = try tx.intent(identifier), intent.state == .open, case .add(let address, _) = intent.action
    else { return }
    try failToAdd(address, &intent, failure.text)
    try settle(intent.room)
  }

  /// Somebody cannot be added. This member's other devices come in by themselves if they cannot be added now.
  private func failToAdd(_ address: Address, _ intent: inout Intent, _ reason: String) throws {
    if address == identity.address { return try tx.delete(intent) }
    try fail(&intent, reason)
  }

  private func take(_ answer: Frame.HubAnswer, of message: MessageIdentifier) throws -> WorkOutcome {
    guard var commit = try pendingCommit(message) else { return .done }
    switch answer.outcome {
    case .accepted: commit.standing = .accepted
    case .stale where commit.isExternal:
      try comeInAgain(commit, from: answer.epoch)
      return .done
    case .stale: commit.standing = .stale
    case .refused:
      try refuseCommit(message, answer.text)
      return .done
    }
    try tx.save(commit)
    return .done
  }

  private func pendingCommit(_ message: MessageIdentifier) throws -> PendingCommit? {
    try tx.pendingCommits().first { $0.message == message }
  }

  /// `isOut` says that the node knows no such room of this member's.
  private func refuseCommit(_ message: MessageIdentifier, _ reason: String, isOut: Bool = false) throws {
    guard var commit = try pendingCommit(message), var group = try group(commit.room) else { return }
    if commit.standing == .asking {
      commit.standing = .accepted
      return try tx.save(commit)
    }
    if commit.isExternal {
      // The member left, or was removed, after the node gave the room's state.
      if isOut { return try endComingIn(commit.room) }
      guard let record = try tx.room(commit.room) else { return }
      return try stayOut(record, because: reason)
    }
    group.clearPendingCommit()
    try save(group, commit.room)
    try tx.dequeue(message)
    for var intent in try tx.intents(commit.room) where intent.state == .committing { try fail(&intent, reason) }
    try settle(commit.room)
  }

  // MARK: Messages

  private func accepted(_ message: MessageIdentifier) throws {
    guard try tx.dequeue(message), try tx.history(message) != nil else { return }
    try tx.save(Delivery(node: identity.address.handle, .accepted(at: now)), message)
  }

  private func refused(_ message: MessageIdentifier, _ failure: Frame.Failure) throws {
    guard try tx.dequeue(message), try tx.history(message) != nil else { return }
    try tx.save(
      Delivery(node: identity.address.handle, .refused(reason: String(failure.text.prefix(200)), at: now)), message)
  }
}

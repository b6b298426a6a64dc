internal import GRDB
internal import LiaisonModel
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// How intents become commits, one at a time for each room, and messages that waited are sent.
extension EngineStep {
  /// Does for a room whatever can be done now. Every change that may unblock something ends with this.
  func settle(_ room: RoomIdentifier) throws {
    guard var record = try tx.room(room), record.state == .establishing || record.state == .active else { return }
    try makeCommit(record)
    let open = try tx.intents(room).filter { $0.state != .failed }
    if record.state == .establishing, record.isRegistered, !open.contains(where: { blocks($0, record) }) {
      record.state = .active
      try tx.save(record)
    }
    guard record.state == .active, !open.contains(where: { holds($0, record) }) else { return }
    try sendHeld(record, open)
  }

  /// Whether those whom a new room is for are waited for. A successor waits for nobody whose node cannot be reached.
  private func blocks(_ intent: Intent, _ record: RoomRecord) -> Bool {
    intent.isAdd && (record.predecessor == nil || intent.attempts == 0)
  }

  /// Whether what is written now has to wait: for those whom the room is made for to come in, or for somebody who is
  /// being removed to be out of it. Additions to a room that stands do not hold messages up, since its hub may be down.
  func isHolding(_ record: RoomRecord) throws -> Bool {
    if record.state == .establishing || record.state == .comingIn { return true }
    return try tx.intents(record.room).contains { $0.state != .failed && (holds($0, record) || $0.isMessage) }
  }

  /// Whether what is written waits for this change of a room that stands. What is written to a duty role waits for its
  /// present holders: it is for them.
  private func holds(_ intent: Intent, _ record: RoomRecord) -> Bool {
    intent.isRemove || (intent.isAdd && record.duty != nil)
  }

  private func sendHeld(_ record: RoomRecord, _ intents: [Intent]) throws {
    let failed = try tx.intents(record.room).filter { $0.state == .failed && $0.isAdd }
    let isAlone = try group(record.room)?.addresses == [identity.address]
    for intent in intents {
      guard case .message(let content) = intent.action else { continue }
      try tx.delete(intent)
      if isAlone, !failed.isEmpty {
        // None of those it was for could be added.
        let reason = failed.map(\.reason).filter { !$0.isEmpty }.joined(separator: "; ")
        try markUnsent(content.message, because: reason)
      } else {
        try transmit(content, to: record)
      }
    }
  }

  /// The message was not sent, and says so and why.
  private func markUnsent(_ message: MessageIdentifier, because reason: String) throws {
    guard var (_, entry) = try tx.history(message) else { return }
    entry.flags.insert(.notSent)
    entry.nodes = [identity.address.handle]
    try tx.replace(entry)
    try tx.save(Delivery(node: identity.address.handle, .refused(reason: String(reason.prefix(200)), at: now)), message)
  }

  /// Gives up everything that is planned in a room: its messages are not sent, and whoever asked for the rest is told.
  /// Nothing of it can be acknowledged any more.
  func giveUp(_ room: RoomIdentifier, because reason: String) throws {
    try tx.forgetUnacknowledged(in: room)
    for var intent in try tx.intents(room) where intent.state != .failed {
      if case .message(let content) = intent.action {
        try tx.delete(intent)
        try markUnsent(content.message, because: reason)
      } else {
        try fail(&intent, reason)
      }
    }
  }

  /// Makes a commit of the open intents, unless one is under way or key packages are still to come.
  private func makeCommit(_ record: RoomRecord) throws {
    guard record.isRegistered, try tx.pendingCommit(record.room) == nil, var group = try group(record.room),
      group.isActive
    else { return }
    let members = group.roomMembers
    var additions: [Addition] = []
    var removals: [(intent: Intent, leaves: [LeafIndex])] = []
    var refreshes: [Intent] = []
    var takeovers: [Intent] = []
    for var intent in try tx.intents(record.room) where intent.state == .open {
      switch intent.action {
      case .add(let address, let keyPackages):
        let isOwn = address == identity.address
        let isIn =
          isOwn
          ? otherDevices.allSatisfy { device in members.contains { $0.device == device } }
          : members.contains { $0.address == address }
        if isIn {
          try tx.delete(intent)
        } else if additions.contains(where: { $0.address == address }) {
          // Asked for twice: once the commit stands, nothing is left to do.
          continue
        } else if keyPackages.isEmpty {
          // One that the node cannot reach now does not hold the others up; one that was not asked yet does.
          guard intent.attempts > 0 else { return }
        } else if let keyPackages = Self.keyPackages(keyPackages, of: address, besides: members) {
          // This member's devices of which there is a key package are in already.
          if keyPackages.isEmpty {
            try tx.delete(intent)
            continue
          }
          additions.append(Addition(intent: intent, address: address, keyPackages: keyPackages))
        } else {
          try fail(&intent, "the node gave key packages that are not \(address)'s")
        }
      case .remove(let address):
        let leaves = members.filter { $0.address == address }.map(\.leaf)
        if leaves.isEmpty {
          try tx.delete(intent)
        } else if !removals.contains(where: { $0.leaves == leaves }) {
          removals.append((intent, leaves))
        }
      case .removeDevice(_, let device):
        let leaves = members.filter { $0.device == device }.map(\.leaf)
        if leaves.isEmpty {
          try tx.delete(intent)
        } else if !removals.contains(where: { $0.leaves.contains(leaves[0]) }) {
          removals.append((intent, leaves))
        }
      case .refresh: refreshes.append(intent)
      case .takeOver(let hub):
        // Somebody else's node has taken it over meanwhile, or this one.
        if record.hub == hub { takeovers.append(intent) } else { try tx.delete(intent) }
      case .message: break
      }
    }
    // By itself: where the hub is there after all, it refuses this and nothing else.
    if !takeovers.isEmpty { (additions, removals, refreshes) = ([], [], []) }
    let authentication = try authenticationToCommit()
    func commit() throws(MLSError) -> CommitOutput? {
      guard !additions.isEmpty || !removals.isEmpty || !refreshes.isEmpty || !takeovers.isEmpty else { return nil }
      let extensions = RoomProfile.extensions(hub: identity.address.handle)
      return try group.commit(
        adding: additions.flatMap(\.keyPackages), removing: removals.flatMap(\.leaves),
        proposals: takeovers.isEmpty ? [] : [.groupContextExtensions(extensions)],
        leafNode: LeafNodeChange(credential: credential), authentication: authentication, now: now.seconds)
    }
    var made: CommitOutput?
    do { made = try commit() } catch {
      try setAsideInvalid(&additions, group, authentication)
      do { made = try commit() } catch {
        // Nothing of it can be done, now or later. Whoever asked is told, and the room goes on.
        for var intent in additions.map(\.intent) + removals.map(\.intent) + refreshes + takeovers {
          try fail(&intent, "the change is not valid in the room as it is now")
        }
      }
    }
    guard let output = made else { return }
    try tx.enqueue(
      PendingCommit(
        message: newIdentifier(), room: record.room, commit: output.commit.tlsEncoded,
        welcome: output.welcome?.tlsEncoded ?? [], groupInfo: output.groupInfo.tlsEncoded))
    for var intent in additions.map(\.intent) + removals.map(\.intent) + refreshes + takeovers {
      intent.state = .committing
      try tx.save(intent)
    }
    try save(group, record.room)
  }

  /// Somebody to be added, by the key packages that their node gave.
  private struct Addition {
    var intent: Intent
    let address: Address
    let keyPackages: [KeyPackage]
  }

  /// Sets those aside that cannot be added, so that one bad key package does not keep everybody out.
  private func setAsideInvalid(
    _ additions: inout [Addition], _ group: Group, _ authentication: some AuthenticationService
  ) throws {
    var valid: [Addition] = []
    for var addition in additions {
      var trial = group
      do {
        _ = try trial.commit(
          adding: addition.keyPackages, includingPendingProposals: false, authentication: authentication,
          now: now.seconds)
        valid.append(addition)
      } catch {
        try fail(&addition.intent, "the key package that the node gave is not valid")
      }
    }
    additions = valid
  }

  func fail(_ intent: inout Intent, _ reason: String) throws {
    intent.state = .failed
    intent.reason = String(reason.prefix(200))
    try tx.save(intent)
  }

  /// The key packages, where each of them is this member's, but those of devices that are in the room.
  private static func keyPackages(
    _ encoded: [[UInt8]], of address: Address, besides members: [RoomMember]
  ) -> [KeyPackage]? {
    var keyPackages: [KeyPackage] = []
    for bytes in encoded {
      guard case .keyPackage(let keyPackage)? = try? MLSMessage(bytes),
        let member = RoomMember(leaf: 0, keyPackage.leafNode.credential), member.address == address
      else { return nil }
      if members.contains(where: { $0.device == member.device }) { continue }
      keyPackages.append(keyPackage)
    }
    return keyPackages
  }

  /// Asks for fresh keys in rooms whose keys are a week old.
  func refreshLeaves() throws {
    for record in try tx.rooms() where record.state == .active {
      guard record.refreshedAt.adding(milliseconds: RoomPolicy.refreshMilliseconds) < now else { continue }
      let isPlanned = try tx.intents(record.room).contains {
        if case .refresh = $0.action { $0.state != .failed } else { false }
      }
      if isPlanned { continue }
      try tx.append(Intent(identifier: random(16), room: record.room, .refresh))
      try settle(record.room)
    }
  }
}

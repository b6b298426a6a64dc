internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol
internal import MerkleLog
internal import TLSPresentation

/// The watch over this member's own entry: the device reads its node's whole log, of which each record says only whose it
/// is to somebody who knows the address, and holds it against the head that correspondents are shown. So no entry about
/// its member is kept from it, and a device that the node added is seen.
extension EngineStep {
  /// How far the log was read. A profile from before there was one trusts the devices that its card names.
  func ownDirectory() throws -> OwnDirectory {
    if let own: OwnDirectory = try tx.setting("ownDirectory") { return own }
    return OwnDirectory(accepting: (try? identity.memberCard.claim().devices) ?? [])
  }

  func save(_ own: OwnDirectory) throws { try tx.set("ownDirectory", to: own) }

  /// What is to be asked for the watch now.
  func ownDirectoryWork() throws -> [Work] {
    let own = try ownDirectory()
    if own.asksForDevices { return [Work(key: .ownDevices, request: .devicesRequest)] }
    if !own.pending.isEmpty {
      let indices = own.pending.prefix(Limits.directoryEntriesMax).map(\.index)
      return [Work(key: .directoryEntries(indices), request: .directoryEntriesRequest(indices))]
    }
    return own.isReading ? [recordsWork(own)] : []
  }

  /// Begins to read what has come since the last time.
  func beginOwnDirectory() throws -> Work {
    var own = try ownDirectory()
    own.unreadSince = own.unreadSince.map { min($0, now) } ?? now
    own.triedAt = now
    own.attempts = min(own.attempts, .max - 1) + 1
    try save(own)
    return recordsWork(own)
  }

  private func recordsWork(_ own: OwnDirectory) -> Work {
    Work(
      key: .directoryRecords,
      request: .directoryRecordsRequest(beganAt: own.beganAt, from: own.frontier.size))
  }

  /// Takes a part of the log.
  func take(_ part: Frame.DirectoryRecords) throws {
    var own = try ownDirectory()
    own.isReading = false
    guard let node = try tx.node(identity.address.handle)?.verified,
      let head = try? part.head.verified(by: node).content
    else { return try note("your node shows a directory that it did not sign", own) }
    // Whatever comes of the part: what the node has signed counts.
    if case .wrong(let why) = try see(part.head) {
      // One of two clocks is wrong. Nothing was read: if that lasts for a day it is an alarm.
      guard head.signedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else { return try save(own) }
      try noteFault(why, of: identity.address.handle)
      return try note("your node shows a directory that does not fit what it had signed: \(why)", own)
    }
    if head.beganAt != own.beganAt, part.from == 0 {
      // Another log: it is read from its beginning.
      own.beganAt = head.beganAt
      own.frontier = MerkleFrontier()
      own.pending = []
    }
    guard head.beganAt == own.beganAt, part.from == own.frontier.size,
      UInt64(part.records.count) <= head.size - min(head.size, part.from)
    else { return try note("your node does not show its directory from where this machine had read it", own) }
    let tag = DirectoryRecord.tag(of: identity.address)
    for record in part.records {
      if record.tag == tag {
        // Of what was there before this device looked, the last entry says it all.
        if !own.hasBaseline { own.pending = [] }
        // More is read once these were looked at.
        if own.pending.count == OwnDirectory.pendingMax { break }
        own.pending.append(OwnDirectory.PendingEntry(index: own.frontier.size, digest: record.entry))
      }
      own.frontier.append(.leaf(record.tlsEncoded))
    }
    guard own.frontier.size == head.size else {
      guard !part.records.isEmpty else { return try note("your node does not show all of its directory", own) }
      own.isReading = true
      return try save(own)
    }
    guard own.frontier.root.bytes == head.root else {
      // What was read is of no use: the next time begins at the beginning, and finds what was pending again.
      own.beganAt = Timestamp(milliseconds: 0)
      own.frontier = MerkleFrontier()
      own.pending = []
      return try note("the directory that your node shows you is not the one that it signs for", own)
    }
    own.hasBaseline = true
    own.fault = ""
    if own.pending.isEmpty { own.entryFault = "" }
    (own.unreadSince, own.attempts) = (nil, 0)
    try save(own)
  }

  /// Takes entries about this member. Those that the node does not show stay to be asked for.
  func take(_ entries: [[UInt8]], at indices: [UInt64]) throws -> WorkOutcome {
    var own = try ownDirectory()
    let asked = own.pending.prefix(indices.count)
    guard asked.map(\.index) == indices else { return .done }
    guard entries.count == indices.count else {
      return try withhold("your node does not show the entries about you", own)
    }
    for (pending, entry) in zip(asked, entries) {
      guard Array(SHA256.hash(data: entry)) == pending.digest, let entry = try? DirectoryEntry(tlsEncoded: entry) else {
        return try withhold("your node keeps an entry about you in its directory from you", own)
      }
      own.pending.removeFirst()
      guard case .card(let card) = entry, let card = try? card.claim(), card.address == identity.address else {
        continue
      }
      own.look(at: card)
    }
    // While there is more of the log to read, there may be more of them.
    if own.pending.isEmpty, !own.isReading { own.entryFault = "" }
    try save(own)
    return .done
  }

  /// Looks whether known devices of this member brought in the unknown ones. What is left unknown is shown.
  func take(_ devices: [Frame.Device]) throws {
    var own = try ownDirectory()
    own.asksForDevices = false
    var hasAccepted = false
    while true {
      let authorised = own.unknown.map(\.device).filter { unknown in
        let brought = devices.first { $0.device == unknown.identifier }?.authorisation
        return brought?.authoriser(of: unknown, identity.address, among: own.accepted) != nil
      }
      if authorised.isEmpty { break }
      own.accept(authorised)
      hasAccepted = true
    }
    for place in own.unknown.indices { own.unknown[place].isConfirmed = true }
    try save(own)
    if hasAccepted { try noteAccepted() }
  }

  /// A card of this member, from wherever: devices on it that nobody knows are looked into. `isProven` where it is proven to
  /// be in the directory.
  func lookAtOwnCard(_ card: MemberCard, isProven: Bool = false) throws {
    var own = try ownDirectory()
    if isProven { own.look(atProven: card, by: identity.device, now: now) } else { own.look(at: card) }
    try save(own)
  }

  /// The node did not answer a part of the watch.
  func giveUpOwnDirectory(_ key: Work.Key, _ answer: Frame.Body) throws -> WorkOutcome {
    var own = try ownDirectory()
    switch key {
    case .directoryEntries:
      // One that it cannot show now is asked for again.
      if case .failure(let failure) = answer, failure.isPassing { return .retry(reason: failure.text) }
      return try withhold("your node does not show the entries about you", own)
    case .ownDevices:
      own.asksForDevices = false
      for place in own.unknown.indices { own.unknown[place].isConfirmed = true }
    // It goes on with the next connection; where none comes to the end for a day, that is an alarm.
    default: own.isReading = false
    }
    try save(own)
    return .done
  }

  /// Something is wrong with the log as the node shows it. Entries that are still to be read stay so.
  private func note(_ fault: String, _ own: OwnDirectory) throws {
    var own = own
    own.fault = fault
    own.isReading = false
    try save(own)
  }

  /// An entry about this member is not shown: it is asked for until it is.
  private func withhold(_ fault: String, _ own: OwnDirectory) throws -> WorkOutcome {
    var own = own
    own.entryFault = fault
    try save(own)
    return .retry(reason: fault)
  }
}

extension OwnDirectory {
  /// What is wrong with what the own node shows of its directory, for a person; empty where nothing is.
  var faults: [String] {
    var faults = [fault, entryFault].filter { !$0.isEmpty }
    if isOverdue {
      faults.append("your node has not let this machine read its directory to the end for more than a day")
    }
    return faults
  }
}

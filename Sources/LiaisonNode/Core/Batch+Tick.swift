internal import LiaisonModel

/// What time alone brings about.
extension Batch {
  mutating func tick() throws {
    resendWhereSilent()
    try closeTorn()
    try removeLeftovers()
    for link in memory.takeUnserved(at: now) { drained(link) }
    let last = memory.housekeepingAt
    if let last, now < last.adding(milliseconds: Housekeeping.intervalMilliseconds), last <= now { return }
    try readDirectory()
    try keepHouse()
    try outbid()
    try askForVotes(of: Set(memory.links.peers.keys))
    try passOnDirectories()
    try measure()
    memory.housekeepingAt = now
  }

  /// Says how much there is of everything.
  private mutating func measure() throws {
    let counts = try store.counts()
    tally.gauges = [
      .queued: counts.queued, .inboxItems: counts.inboxItems, .held: counts.held, .rooms: counts.rooms,
      .members: counts.members, .devices: counts.devices, .peersLinked: memory.links.peers.count,
      .devicesLinked: linkedDevices,
    ]
  }

  /// Devices with a link, however many links they have.
  var linkedDevices: Int { Set(memory.links.devices.values.map(\.device)).count }

  /// Tidies a bounded number of rows of each kind; what is left over waits for the next time.
  mutating func keepHouse() throws {
    try expireQueues()
    try dropWhatWasHeldTooLong()
    try renewCards()
    try repeatComChecks()
    try store.removeKeyPackages(expiredBefore: now)
    try store.removeVouches(expiredBefore: now, limit: Housekeeping.rowsMax)
    try findLeftovers()
    try store.removeBundleQuestions(
      askedBefore: now.subtracting(milliseconds: Limits.envelopeLifetimeMilliseconds))
    let (time, overflow) = now.milliseconds.subtractingReportingOverflow(Limits.messageRecordMilliseconds)
    guard !overflow else { return }
    _ = try store.forgetMessages(acceptedBefore: Timestamp(milliseconds: time), limit: Housekeeping.rowsMax)
  }
}

internal import FoundationEssentials
internal import GRDB
package import LiaisonModel

extension Engine {
  /// What has to be done before anything else with a profile that was restored from a backup: it comes into its rooms by
  /// itself with fresh keys, its key packages are made anew, and messages whose fate it does not know say so. Gives when
  /// the backup was made, where it was one.
  package func beginAfterRestore(now: Timestamp) throws -> Timestamp? {
    guard try store.read({ try $0.counter(ProfileStore.restoredCounter) }) > 0 else { return nil }
    return try change(now: now) { step in try step.beginAfterRestore() }
  }
}

extension EngineStep {
  fileprivate func beginAfterRestore() throws -> Timestamp? {
    let madeAt = try tx.counter(ProfileStore.restoredCounter)
    guard madeAt > 0 else { return nil }
    // The tables of keys are empty already; a copy that came another way has its own.
    for table in ["groupRecords", "keyPackages", "outbox", "intents", "waiting", "sent"] {
      try tx.db.execute(sql: "DELETE FROM \(table)")
    }
    tx.cache.drop()
    for record in try tx.rooms() where record.state != .ended { try planToComeIn(record.room, hub: record.hub) }
    try noteUnknownFates()
    try tx.setCounter("forgetKeyPackages", to: 1)
    try tx.setCounter(ProfileStore.restoredCounter, to: 0)
    return Timestamp(milliseconds: madeAt)
  }

  /// Own messages that the node was not known to have when the backup was made may have been sent, or not.
  private func noteUnknownFates() throws {
    let rows = try Row.fetchCursor(tx.db, sql: "SELECT position, message, value FROM history")
    var unknown: [MessageIdentifier] = []
    while let row = try rows.next() {
      let record = try tx.history(row).record
      guard record.device == identity.device, !record.flags.contains(.notSent),
        try tx.delivery(record.identifier, identity.address.handle) == nil
      else { continue }
      unknown.append(record.identifier)
    }
    for message in unknown {
      try tx.save(
        Delivery(
          node: identity.address.handle,
          .refused(reason: "this machine was restored from a backup: whether it was sent is not known", at: now)),
        message)
    }
  }
}

/// Lets those who want the same thing at the same time wait for one to fetch it.
actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
  private var waiting: [Key: [CheckedContinuation<Value?, Never>]] = [:]

  /// What `fetch` gives for `key`, run once for all who ask meanwhile. `nil` where the task was cancelled. Where the one
  /// who fetches is cancelled, another goes on.
  func value(for key: Key, _ fetch: @Sendable () async -> Value) async -> Value? {
    while waiting[key] != nil {
      if let value = await withCheckedContinuation({ waiting[key, default: []].append($0) }) { return value }
      if Task.isCancelled { return nil }
    }
    waiting[key] = []
    let value = await fetch()
    let others = waiting.removeValue(forKey: key) ?? []
    let isCancelled = Task.isCancelled
    for other in others { other.resume(returning: isCancelled ? nil : value) }
    return isCancelled ? nil : value
  }
}

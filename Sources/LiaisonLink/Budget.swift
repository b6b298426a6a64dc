internal import Synchronization

/// A bounded amount (bytes, places) that tasks take from and give back; who finds it used up waits, first come first served.
final class Budget: Sendable {
  private struct Waiter {
    let number: UInt64
    let amount: Int
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var used = 0
    var nextNumber: UInt64 = 0
    var waiting: [Waiter] = []
    var cancelled: Set<UInt64> = []
    var watchers: [(amount: Int, body: @Sendable () -> Void)] = []
    var returns: UInt64 = 0
    var isOver = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// Takes `amount` as soon as less than the limit is used, so that an amount above the limit passes too, alone.
  /// `false` where the budget is over or the task was cancelled.
  nonisolated(nonsending) func take(_ amount: Int) async -> Bool {
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    defer { state.withLock { _ = $0.cancelled.remove(number) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.isOver || state.cancelled.contains(number) { return false }
          if state.waiting.isEmpty, state.used < limit {
            state.used += amount
            return true
          }
          state.waiting.append(Waiter(number: number, amount: amount, continuation: continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter: Waiter? = state.withLock { state in
        guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
          state.cancelled.insert(number)
          return nil
        }
        return state.waiting.remove(at: index)
      }
      waiter?.continuation.resume(returning: false)
    }
  }

  /// Takes `amount` without waiting, above the limit too; gives back what is used now.
  func takeNow(_ amount: Int) -> Int {
    state.withLock { state in
      state.used += amount
      return state.used
    }
  }

  /// Calls `body` once, as soon as no more than `amount` is used: now, or on the thread that gives back. Never after the
  /// end.
  func whenUsed(atMost amount: Int, _ body: @escaping @Sendable () -> Void) {
    let isNow = state.withLock { state in
      guard !state.isOver else { return false }
      guard state.used > amount else { return true }
      state.watchers.append((amount, body))
      return false
    }
    if isNow { body() }
  }

  func giveBack(_ amount: Int) {
    let (admitted, watchers) = state.withLock { state in
      state.used -= amount
      state.returns &+= 1
      let used = state.used
      let watchers = state.watchers.filter { used <= $0.amount }
      if !watchers.isEmpty { state.watchers.removeAll { used <= $0.amount } }
      var admitted: [Waiter] = []
      while let first = state.waiting.first, state.used < limit {
        state.used += first.amount
        admitted.append(first)
        state.waiting.removeFirst()
      }
      return (admitted, watchers)
    }
    for waiter in admitted { waiter.continuation.resume(returning: true) }
    for watcher in watchers { watcher.body() }
  }

  /// Nothing can be taken any more; who waits is told so.
  func end() {
    let waiting = state.withLock { state in
      state.isOver = true
      state.watchers = []
      defer { state.waiting = [] }
      return state.waiting
    }
    for waiter in waiting { waiter.continuation.resume(returning: false) }
  }

  /// What is used now, and how often anything was given back.
  var progress: (used: Int, returns: UInt64) { state.withLock { ($0.used, $0.returns) } }

  /// What is used now.
  var used: Int { state.withLock { $0.used } }
}

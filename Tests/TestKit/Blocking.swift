internal import Dispatch

/// Runs `body`, which waits for processes, on a thread that is not one of the few which all tests share: those beside it
/// have times to keep. A few of them run at a time, the others wait for their turn.
public func blocking<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
  await Turns.shared.take()
  do {
    let value = try await withTaskExecutorPreference(ThreadExecutor.shared) { try await body() }
    await Turns.shared.giveBack()
    return value
  } catch {
    await Turns.shared.giveBack()
    throw error
  }
}

/// As many as may run at a time, in the order in which they came.
private actor Turns {
  static let shared = Turns()
  private var free = 4
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// Threads as they are needed.
private final class ThreadExecutor: TaskExecutor {
  static let shared = ThreadExecutor()
  private let queue = DispatchQueue(label: "blocking", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

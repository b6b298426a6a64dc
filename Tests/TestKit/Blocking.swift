internal import Dispatch

/// Runs `body`, which waits for processes, on a thread that is not one of the few which all tests share: those beside it
/// have times to keep.
public func blocking<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
  try await withTaskExecutorPreference(ThreadExecutor.shared) { try body() }
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

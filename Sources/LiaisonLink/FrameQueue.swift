package import LiaisonProtocol
internal import NIOCore
internal import Synchronization

/// Frames that came and wait for their one reader. It is bounded in bytes, not in frames, because one frame may weigh as
/// much as a hundred thousand others; that is why it is not a `NIOAsyncChannel`, whose bound counts elements.
package final class FrameQueue: Sendable {
  /// Bytes at which reading from the connection stops.
  static let bytesHigh = 1 << 20
  /// Bytes at which it goes on.
  static let bytesLow = 256 << 10
  /// What a frame weighs besides its bytes: many tiny frames are bounded too.
  private static let frameOverheadBytes = 256

  private struct State {
    var frames = CircularBuffer<(frame: Frame, weight: Int)>()
    var weight = 0
    var isPaused = false
    var isOver = false
    var reader: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let resume: @Sendable () -> Void

  /// `resume` is called when reading may go on.
  init(resume: @escaping @Sendable () -> Void) { self.resume = resume }

  /// Whether reading must stop until `resume` is called.
  func push(_ frame: Frame, bytes: Int) -> Bool {
    let (reader, isPaused) = state.withLock { state in
      let weight = bytes + Self.frameOverheadBytes
      state.frames.append((frame, weight))
      state.weight += weight
      if state.weight >= Self.bytesHigh { state.isPaused = true }
      defer { state.reader = nil }
      return (state.reader, state.isPaused)
    }
    reader?.resume()
    return isPaused
  }

  /// No frame will come any more; those that came can still be read.
  func end() {
    let reader = state.withLock { state in
      state.isOver = true
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
  }

  /// All frames that wait, at most `count`, at least one; `nil` at the end of the link or where the task is cancelled.
  ///
  /// It runs where its caller runs, so that a frame goes from the thread that read it straight to the one that waits.
  nonisolated(nonsending) package func next(atMost count: Int) async -> [Frame]? {
    while true {
      let (frames, mayResume, isOver) = state.withLock { state in
        var frames: [Frame] = []
        while frames.count < count, let first = state.frames.popFirst() {
          frames.append(first.frame)
          state.weight -= first.weight
        }
        let mayResume = state.isPaused && state.weight <= Self.bytesLow
        if mayResume { state.isPaused = false }
        return (frames, mayResume, state.isOver)
      }
      if mayResume { resume() }
      if !frames.isEmpty { return frames }
      if isOver || Task.isCancelled { return nil }
      await waitForMore()
    }
  }

  nonisolated(nonsending) private func waitForMore() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          guard state.frames.isEmpty, !state.isOver, !Task.isCancelled else { return false }
          precondition(state.reader == nil, "two tasks read one link")
          state.reader = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      let reader = state.withLock { state in
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume()
    }
  }
}

extension FrameQueue: AsyncSequence {
  package typealias Element = Frame

  package struct AsyncIterator: AsyncIteratorProtocol {
    let queue: FrameQueue

    package mutating func next() async -> Frame? { await queue.next(atMost: 1)?.first }

    package mutating func next(isolation actor: isolated (any Actor)?) async -> Frame? {
      await queue.next(atMost: 1)?.first
    }
  }

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(queue: self) }
}

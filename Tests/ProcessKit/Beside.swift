internal import Foundation
internal import Synchronization
public import TestKit

/// Something that goes on beside a test, turn after turn on a thread of its own, until it is told to stop.
public final class Beside: Sendable {
  private let state = Mutex((isOver: false, turns: 0, failure: (any Error)?.none))
  private let done = DispatchSemaphore(value: 0)

  /// Begins. The first error that a turn throws is the last turn.
  public init(seed: UInt64, turn: @escaping @Sendable (inout SeededGenerator) throws -> Void) {
    Thread.detachNewThread { [self] in
      var random = SeededGenerator(seed: seed)
      while state.withLock({ !$0.isOver && $0.failure == nil }) {
        do {
          try turn(&random)
          state.withLock { $0.turns += 1 }
        } catch { state.withLock { $0.failure = error } }
      }
      done.signal()
    }
  }

  /// Whether a turn threw: there are no more, and `stop` throws the same.
  public var hasFailed: Bool { state.withLock { $0.failure != nil } }

  /// Waits for the end of the turn under way; gives the number of turns, or throws what one of them threw.
  @discardableResult
  public func stop() throws -> Int {
    state.withLock { $0.isOver = true }
    done.wait()
    done.signal()
    return try state.withLock { state in
      if let failure = state.failure { throw failure }
      return state.turns
    }
  }
}

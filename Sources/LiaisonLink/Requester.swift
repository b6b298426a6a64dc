internal import LiaisonModel
package import LiaisonProtocol
internal import NIOCore
internal import Synchronization

/// Why a request has no answer.
package enum RequestError: Error, Equatable, Sendable {
  /// The other side answered that it will not.
  case refused(Frame.Failure)
  /// The link ended before the answer came: whether the request was done is not known.
  case ended(LinkError)
  /// No answer in time.
  case timeout
  case cancelled
}

/// Asks over a link: joins each answer to its request, and hands on what nobody asked for. A request beyond
/// `Limits.pendingRequestsMax` waits until another is answered.
package final class Requester: Sendable {
  private typealias Answer = Result<Frame.Body, RequestError>

  private struct State {
    var lastNumber: UInt64 = 0
    /// Requests that were sent, or are about to be.
    var pending: [UInt64: CheckedContinuation<Answer, Never>?] = [:]
    /// Answers that came before the asker began to wait.
    var early: [UInt64: Answer] = [:]
    var end: LinkError?
  }

  package let link: Link
  private let state = Mutex(State())
  private let places = Budget(limit: Limits.pendingRequestsMax)

  package init(_ link: Link) { self.link = link }

  /// Runs `body` with a requester over `link`, while `pushed` gets every frame that answers nothing, in order. The link is
  /// closed when `body` returns.
  package static func with<Value: Sendable>(
    _ link: Link, pushed: @escaping @Sendable (Frame) async -> Void = { _ in },
    _ body: @Sendable (Requester) async throws -> Value
  ) async throws -> Value {
    let requester = Requester(link)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await requester.run(pushed: pushed) }
      defer {
        link.close()
        group.cancelAll()
      }
      return try await body(requester)
    }
  }

  /// Reads the link until it ends or the task is cancelled; then every request that waits fails.
  package func run(pushed: @Sendable (Frame) async -> Void) async {
    for await frame in link.frames {
      guard frame.request != 0 else {
        await pushed(frame)
        continue
      }
      let answer: Answer =
        if case .failure(let failure) = frame.body { .failure(.refused(failure)) } else { .success(frame.body) }
      // An answer that nobody waits for any more, after a timeout, is dropped.
      complete(frame.request, with: answer)
    }
    let reason = link.end ?? .closedHere
    let waiting = state.withLock { state in
      state.end = reason
      defer {
        for (number, continuation) in state.pending where continuation == nil {
          state.early[number] = .failure(.ended(reason))
        }
        state.pending = [:]
      }
      return state.pending.values.compactMap { $0 }
    }
    for continuation in waiting { continuation.resume(returning: .failure(.ended(reason))) }
    places.end()
  }

  /// Asks, and waits for the answer.
  package func request(
    _ body: Frame.Body, timeoutMilliseconds: UInt64 = 120_000
  ) async throws(RequestError) -> Frame.Body {
    guard await places.take(1) else { throw state.withLock { $0.end }.map { .ended($0) } ?? .cancelled }
    defer { places.giveBack(1) }
    let number: UInt64? = state.withLock { state in
      guard state.end == nil else { return nil }
      state.lastNumber += 1
      state.pending[state.lastNumber] = .some(nil)
      return state.lastNumber
    }
    guard let number else { throw .ended(link.end ?? .closedHere) }
    do { try await link.send(Frame(request: number, body)) } catch {
      state.withLock {
        $0.pending[number] = nil
        $0.early[number] = nil
      }
      throw error == .cancelled ? .cancelled : .ended(error)
    }
    let timer = link.channel.eventLoop.scheduleTask(in: .milliseconds(Int64(clamping: timeoutMilliseconds))) {
      self.complete(number, with: .failure(.timeout))
    }
    defer { timer.cancel() }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let early = state.withLock { state -> Answer? in
          if let early = state.early.removeValue(forKey: number) { return early }
          state.pending[number] = .some(continuation)
          return nil
        }
        if let early { continuation.resume(returning: early) }
      }
    } onCancel: {
      complete(number, with: .failure(.cancelled))
    }
    return try answer.get()
  }

  private func complete(_ number: UInt64, with answer: Answer) {
    let continuation = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      guard let waiting = state.pending.removeValue(forKey: number) else { return nil }
      if waiting == nil { state.early[number] = answer }
      return waiting
    }
    continuation?.resume(returning: answer)
  }
}

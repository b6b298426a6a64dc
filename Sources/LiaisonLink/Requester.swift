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
    /// Requests that nobody waits for: their answers are handed on.
    var posted: Set<UInt64> = []
    var end: LinkError?
  }

  package let link: Link
  private let state = Mutex(State())
  private let places = Budget(limit: Limits.pendingRequestsMax)
  /// Frames that are taken together.
  private static let framesAtOnceMax = 256

  package init(_ link: Link) { self.link = link }

  /// Runs `body` with a requester over `link`, while `received` gets what ``run(received:)`` says. The link is closed when
  /// `body` returns.
  package static func with<Value: Sendable>(
    _ link: Link, received: @escaping @Sendable ([Frame]) async -> Void = { _ in },
    _ body: @Sendable (Requester) async throws -> Value
  ) async throws -> Value {
    let requester = Requester(link)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await requester.run(received: received) }
      defer {
        link.close()
        group.cancelAll()
      }
      return try await body(requester)
    }
  }

  /// Reads the link until it ends or the task is cancelled; then every request that waits fails. `received` gets, in
  /// order and in batches, what answers no ``request(_:timeoutMilliseconds:)``: frames that nobody asked for, and answers
  /// to what was posted. It has had all that came before an answer when the asker gets that.
  package func run(received: @Sendable ([Frame]) async -> Void) async {
    while let frames = await link.frames.next(atMost: Self.framesAtOnceMax) {
      var batch: [Frame] = []
      for frame in frames {
        if frame.request == 0 || state.withLock({ $0.posted.remove(frame.request) != nil }) {
          batch.append(frame)
          continue
        }
        if !batch.isEmpty {
          await received(batch)
          batch = []
        }
        let answer: Answer =
          if case .failure(let failure) = frame.body { .failure(.refused(failure)) } else { .success(frame.body) }
        // An answer that nobody waits for any more, after a timeout, is dropped.
        complete(frame.request, with: answer)
      }
      if !batch.isEmpty { await received(batch) }
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

  /// Asks without waiting; the answers, also those that say why not, come to `received` under the numbers that this gives.
  /// The caller bounds what it posts.
  package func post(_ bodies: [Frame.Body]) -> [UInt64] {
    let numbers = state.withLock { state in
      bodies.map { _ in
        state.lastNumber += 1
        state.posted.insert(state.lastNumber)
        return state.lastNumber
      }
    }
    link.post(zip(numbers, bodies).map { Frame(request: $0, $1) })
    return numbers
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

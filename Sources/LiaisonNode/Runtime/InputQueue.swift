internal import Synchronization

/// What waits for the core. All of it is taken at once, so that what came while the disk was flushed shares the next flush.
final class InputQueue: Sendable {
  /// Inputs that are taken together, and who waits for them to be done.
  struct Waiting: Sendable {
    var inputs: [Input] = []
    var done: [CheckedContinuation<Void, Never>] = []
  }

  private struct State {
    var waiting = Waiting()
    /// What need not be taken at once, in the order in which it came; at most ``laterMax`` of a link.
    var later: [LinkID: [Input]] = [:]
    /// Inputs at the front of ``waiting`` that were such.
    var patient = 0
    var reader: CheckedContinuation<Void, Never>?
    var isOver = false

    /// Puts what can go with something else before it: the end of a link comes after what the link brought.
    mutating func takeLater() {
      guard !later.isEmpty else { return }
      let inputs = later.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap(\.value)
      waiting.inputs.insert(contentsOf: inputs, at: patient)
      patient += inputs.count
      later = [:]
    }
  }

  private static let laterMax = 8

  private let state = Mutex(State())

  /// Adds inputs, and returns at once.
  func put(_ inputs: [Input]) { add(inputs, done: nil) }

  /// How the queue took inputs that may wait.
  enum Patience {
    /// They go with whatever comes next.
    case waiting
    /// So they do, and they are the first: the caller has to see to it that ``takeLater()`` is called after a while, in case
    /// nothing comes.
    case first
    /// Too many wait: nothing was taken.
    case full
  }

  /// Adds inputs of a link that go with whatever comes next. With `replacing`, only the last of them is worth taking, and
  /// what the link brought so before is not any more.
  func putLater(_ inputs: [Input], of link: LinkID, replacing: Bool) -> Patience {
    state.withLock { state in
      let waiting = replacing ? Array(inputs.suffix(1)) : state.later[link, default: []] + inputs
      guard !state.isOver, waiting.count <= Self.laterMax else { return .full }
      defer { state.later[link] = waiting }
      return state.later.isEmpty ? .first : .waiting
    }
  }

  /// What was to go with something else goes by itself.
  func takeLater() {
    let reader = state.withLock { state in
      state.takeLater()
      guard !state.waiting.inputs.isEmpty else { return nil as CheckedContinuation<Void, Never>? }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
  }

  /// Adds inputs, and returns when they are on disk and their outputs under way: a link reads no further before that, so
  /// that what waits here is bounded by what each link may bring at once.
  nonisolated(nonsending) func process(_ inputs: [Input]) async {
    await withCheckedContinuation { add(inputs, done: $0) }
  }

  /// All that waits, once anything does; `nil` after ``end()``.
  nonisolated(nonsending) func next() async -> Waiting? {
    while true {
      let (waiting, isOver) = state.withLock { state in
        if !state.waiting.inputs.isEmpty || state.isOver { state.takeLater() }
        defer {
          state.waiting = Waiting()
          state.patient = 0
        }
        return (state.waiting, state.isOver)
      }
      if !waiting.inputs.isEmpty { return waiting }
      if isOver { return nil }
      await withCheckedContinuation { reader in
        let mustWait = state.withLock { state in
          guard state.waiting.inputs.isEmpty, !state.isOver else { return false }
          state.reader = reader
          return true
        }
        if !mustWait { reader.resume() }
      }
    }
  }

  /// Nothing is taken any more. What waits already is still given out.
  func end() {
    let reader = state.withLock { state in
      state.isOver = true
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
  }

  private func add(_ inputs: [Input], done: CheckedContinuation<Void, Never>?) {
    let (reader, isRefused) = state.withLock { state in
      if state.isOver { return (state.reader, true) }
      state.waiting.inputs += inputs
      if let done { state.waiting.done.append(done) }
      defer { state.reader = nil }
      return (state.reader, false)
    }
    reader?.resume()
    if isRefused { done?.resume() }
  }
}

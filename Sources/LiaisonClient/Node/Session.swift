package import LiaisonModel
package import LiaisonProtocol

/// What one connection to the node does, without input and output: which requests to make now, which to make again
/// later, in which order to take the inbox. Whoever drives it sends what ``next(now:)`` gives, hands in the answers and
/// what the node pushes, and calls ``next(now:)`` again after each.
package struct Session {
  /// Something to send.
  package enum Step: Sendable {
    /// A request; its answer goes into ``answered(_:with:now:)``.
    case ask(Work)
    /// Tells the node what is on disk here.
    case acknowledge(sequence: UInt64)
  }

  /// First wait before the node is asked again for what it could not do; it doubles up to a minute.
  package static let retryMillisecondsMin: UInt64 = 1000
  package static let retryMillisecondsMax: UInt64 = 60_000

  private struct Retry {
    var notBefore: Timestamp
    var waitMilliseconds: UInt64
  }

  private let engine: Engine
  private var underway: Set<Work.Key> = []
  private var retries: [Work.Key: Retry] = [:]
  private var inbox: [Frame.InboxItem] = []
  /// What the node pushed before its turn.
  private var ahead: [Frame.InboxItem.Content] = []
  private var greeting: [Work]
  private var acknowledged: UInt64
  /// The tree that the welcome at the head of the inbox needs, once it was asked for.
  private var roomState: (sequence: UInt64, state: Frame.RoomState?)?
  /// Peers are known before the inbox is taken: leaves are checked against their cards.
  private var knowsPeers = false
  /// Why the last thing that was postponed had to be; the node's words.
  package private(set) var lastReason = ""

  /// A session over a connection that has just been made, with the position that its Hello named.
  package init(engine: Engine, position: UInt64, now: Timestamp) throws {
    self.engine = engine
    acknowledged = position
    greeting = try engine.connected(now: now)
  }

  /// What the node pushed.
  package mutating func push(_ item: Frame.InboxItem) {
    if item.isAhead { ahead.append(item.content) } else { inbox.append(item) }
  }

  /// Items that came and were not taken yet.
  package var inboxCount: Int { inbox.count + ahead.count }
  /// Whether nothing is under way, and nothing waits but what the node has to be asked again for.
  package var isIdle: Bool { underway.isEmpty && inboxCount == 0 && greeting.isEmpty }
  /// When something is to be asked again, if anything is.
  package var nextRetry: Timestamp? { retries.values.map(\.notBefore).min() }

  /// Takes what can be taken, and gives what is to be sent.
  package mutating func next(now: Timestamp) throws -> [Step] {
    var steps: [Step] = []
    for work in greeting {
      underway.insert(work.key)
      steps.append(.ask(work))
    }
    greeting = []
    if knowsPeers {
      for content in ahead { try engine.receiveAhead(content, now: now) }
      ahead = []
      try takeInbox(&steps, now: now)
    }
    var busy = underway
    for (key, retry) in retries where retry.notBefore > now { busy.insert(key) }
    for work in try engine.work(now: now, underway: busy) {
      underway.insert(work.key)
      steps.append(.ask(work))
    }
    return steps
  }

  /// Hands in the answer to a request that ``next(now:)`` gave.
  package mutating func answered(_ key: Work.Key, with answer: Frame.Body, now: Timestamp) throws {
    underway.remove(key)
    switch try engine.complete(key, with: answer, now: now) {
    case .done: retries[key] = nil
    case .retry(let reason):
      lastReason = reason
      let wait = min((retries[key]?.waitMilliseconds ?? Self.retryMillisecondsMin / 2) * 2, Self.retryMillisecondsMax)
      retries[key] = Retry(notBefore: now.adding(milliseconds: wait), waitMilliseconds: wait)
    }
    switch (key, answer) {
    case (.peers, _): knowsPeers = true
    case (.roomState(let room), _):
      guard let head = inbox.first, Self.welcomedRoom(head) == room else { break }
      if case .failure(let failure) = answer, failure.isPassing { break }
      if case .roomState(let state) = answer {
        roomState = (head.sequence, state)
      } else {
        roomState = (head.sequence, nil)
      }
    default: break
    }
  }

  private mutating func takeInbox(_ steps: inout [Step], now: Timestamp) throws {
    var taken = 0
    defer { inbox.removeFirst(taken) }
    for item in inbox {
      if let room = Self.welcomedRoom(item), item.sequence > (try engine.inboxPosition),
        roomState?.sequence != item.sequence
      {
        let key = Work.Key.roomState(room)
        if let retry = retries[key], retry.notBefore > now { break }
        if underway.insert(key).inserted { steps.append(.ask(Work(key: key, request: .roomStateRequest(room)))) }
        break
      }
      try engine.receive(item, roomState: roomState?.state, now: now)
      roomState = nil
      taken += 1
    }
    // Only what is on disk is acknowledged; another program of this profile may have been faster.
    let position = try engine.inboxPosition
    if position > acknowledged {
      acknowledged = position
      steps.append(.acknowledge(sequence: position))
    }
  }

  /// The room that a welcome opens.
  private static func welcomedRoom(_ item: Frame.InboxItem) -> RoomIdentifier? {
    guard case .envelope(let bytes) = item.content, let envelope = try? Envelope(tlsEncoded: bytes),
      envelope.kind == .welcome
    else { return nil }
    return envelope.room
  }
}

package import LiaisonModel
package import LiaisonProtocol

/// What one connection to the node does, without input and output: which requests to make now, which to make again
/// later, in which order to take the inbox. Whoever drives it hands in the answers and what the node pushes, and sends
/// what ``next(now:sending:)`` then gives.
///
/// All that waits is taken in one transaction of the engine, so that it shares one flush. Where ``next(now:sending:)``
/// throws, nothing was taken, and the session is over: what it was told comes again on the next connection.
package struct Session {
  /// Something to send.
  package enum Step: Sendable {
    /// A request; its answer goes into ``answered(_:with:)``.
    case ask(Work)
    /// Tells the node what is on disk here.
    case acknowledge(sequence: UInt64)
  }

  /// What came of one transaction.
  package struct Turn {
    /// What is to be sent, in order.
    package var steps: [Step] = []
    /// The identifier of each message that was to be sent, or why it was not taken.
    package var sent: [Result<MessageIdentifier, any Error>] = []
  }

  /// First wait before the node is asked again for what it could not do; it doubles up to a minute.
  package static let retryMillisecondsMin: UInt64 = 1000
  package static let retryMillisecondsMax: UInt64 = 60_000
  /// How long what waits at the node is given to come before anybody is asked for what is missing, and how often it is
  /// looked for after that.
  private static let settlingMilliseconds: UInt64 = 10_000
  private static let askMilliseconds: UInt64 = 5_000
  /// How often a connection that stays looks for what has come into the node's directory.
  private static let watchMilliseconds: UInt64 = 3_600_000

  private struct Retry {
    var notBefore: Timestamp
    var waitMilliseconds: UInt64

    /// Whether it is to wait still; not longer than it was to, also where the clock was set back.
    func isWaiting(at now: Timestamp) -> Bool {
      now < notBefore && notBefore <= now.adding(milliseconds: waitMilliseconds)
    }
  }

  private let engine: Engine
  private var underway: Set<Work.Key> = []
  private var retries: [Work.Key: Retry] = [:]
  private var answers: [(key: Work.Key, answer: Frame.Body)] = []
  private var inbox: [Frame.InboxItem] = []
  /// What the node pushed before its turn, and what of it could not be read yet.
  private var ahead: [Frame.InboxItem] = []
  /// What the node said unasked of this member's duties.
  private var duties: Frame.Duties?
  private var acknowledged: UInt64
  /// The tree that the welcome at the head of the inbox needs, once it was asked for.
  private var roomState: (sequence: UInt64, state: Frame.RoomState?)?
  private var hasGreeted = false
  /// Peers are known before the inbox is taken: leaves are checked against their cards.
  private var knowsPeers = false
  /// When the node's directory was read last.
  private var watchedAt: Timestamp?
  /// When it is looked for missing messages that are to be asked for.
  private var askAt: Timestamp?
  /// Why the last thing that was postponed had to be; the node's words.
  package private(set) var lastReason = ""

  /// A session over a connection that has just been made, with the position that its Hello named.
  package init(engine: Engine, position: UInt64) {
    self.engine = engine
    acknowledged = position
  }

  /// What the node pushed.
  package mutating func push(_ item: Frame.InboxItem) {
    if item.isAhead {
      // More than a node pushes; what is dropped comes in its turn.
      if ahead.count < 2 * Limits.inboxAheadWindow { ahead.append(item) }
    } else {
      inbox.append(item)
    }
  }

  /// The node said unasked what this member's duties are now.
  package mutating func push(_ duties: Frame.Duties) { self.duties = duties }

  /// The answer to a request that ``next(now:sending:)`` gave.
  package mutating func answered(_ key: Work.Key, with answer: Frame.Body) { answers.append((key, answer)) }

  /// Items that came and were not taken yet.
  package var inboxCount: Int { inbox.count }
  /// Whether nothing is under way, and nothing waits but what the node has to be asked again for.
  package var isIdle: Bool { hasGreeted && underway.isEmpty && answers.isEmpty && inboxCount == 0 }
  /// Whether the watch over this member's own entry is under way.
  package var isWatching: Bool {
    underway.contains(where: \.isOfOwnDirectory) || answers.contains { $0.key.isOfOwnDirectory }
  }
  /// When ``next(now:sending:)`` has more to give without anything having come, if ever.
  package func nextWake(now: Timestamp) throws -> Timestamp? {
    let ask = try engine.nextAskAt(now: now).map { max($0, askAt ?? $0) }
    return (retries.values.map(\.notBefore) + [ask].compactMap(\.self)).min()
  }

  /// Everything that waited at the node has come: what is missing now does not come by itself.
  package mutating func caughtUp(now: Timestamp) { askAt = min(askAt ?? now, now) }

  /// Takes what was handed in, encrypts what is to be sent, and gives what is to go to the node.
  package mutating func next(now: Timestamp, sending drafts: [(draft: Draft, room: RoomIdentifier)] = []) throws -> Turn
  {
    let engine = engine
    return try engine.change(now: now) { step in
      var step = step
      var turn = Turn()
      if !hasGreeted {
        hasGreeted = true
        askAt = askAt ?? now.adding(milliseconds: Self.settlingMilliseconds)
        for work in try step.greeting() { ask(work, &turn) }
      }
      // A clock that was set back holds nothing up.
      let isWatched = watchedAt.map { $0 <= now && now < $0.adding(milliseconds: Self.watchMilliseconds) } ?? false
      if !isWatched, !underway.contains(.directoryRecords) {
        watchedAt = now
        ask(try step.beginOwnDirectory(), &turn)
      }
      for (key, answer) in answers {
        try take(answer, of: key, step)
        // What others said of this device may have changed with it.
        if key == .peers || key == .ownCard { step = try step.renewed() }
      }
      answers = []
      if let duties { try step.take(duties, isOwn: true) }
      duties = nil
      if knowsPeers {
        if !ahead.isEmpty { ahead = try step.takeAhead(ahead, besides: inbox) }
        try takeInbox(step, &turn)
      }
      if let at = askAt, now >= at || at > now.adding(milliseconds: Self.settlingMilliseconds) {
        askAt = now.adding(milliseconds: Self.askMilliseconds)
        try step.askForMissing()
      }
      turn.sent = drafts.map { draft in
        Result { try step.tx.attempt { try step.send(draft.draft, to: draft.room) } }
      }
      let resting = retries.filter { $0.value.isWaiting(at: now) }.keys
      for work in try step.work(underway: underway, resting: Set(resting)) { ask(work, &turn) }
      return turn
    }
  }

  private mutating func ask(_ work: Work, _ turn: inout Turn) {
    underway.insert(work.key)
    turn.steps.append(.ask(work))
  }

  private mutating func take(_ answer: Frame.Body, of key: Work.Key, _ step: EngineStep) throws {
    underway.remove(key)
    switch try step.complete(key, answer) {
    case .done: retries[key] = nil
    case .retry(let reason):
      lastReason = reason
      let wait = min((retries[key]?.waitMilliseconds ?? Self.retryMillisecondsMin / 2) * 2, Self.retryMillisecondsMax)
      retries[key] = Retry(notBefore: step.now.adding(milliseconds: wait), waitMilliseconds: wait)
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

  private mutating func takeInbox(_ step: EngineStep, _ turn: inout Turn) throws {
    var position = try step.tx.counter("inbox")
    let before = position
    var taken = 0
    for item in inbox {
      if let room = Self.welcomedRoom(item), item.sequence > position, roomState?.sequence != item.sequence {
        let key = Work.Key.roomState(room)
        if let retry = retries[key], retry.isWaiting(at: step.now) { break }
        if !underway.contains(key) { ask(Work(key: key, request: .roomStateRequest(room)), &turn) }
        break
      }
      // What was had before is passed over.
      if item.sequence > position {
        try step.take(item.content, roomState?.state)
        position = item.sequence
      }
      roomState = nil
      taken += 1
    }
    inbox.removeFirst(taken)
    if position > before { try step.tx.setCounter("inbox", to: position) }
    // What is acknowledged is on disk by then; another program of this profile may have been faster.
    if position > acknowledged {
      acknowledged = position
      turn.steps.append(.acknowledge(sequence: position))
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

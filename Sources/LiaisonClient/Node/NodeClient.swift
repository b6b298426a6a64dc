internal import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
internal import Synchronization

extension ClientError {
  package static let wrongAnswer = ClientError(.badData, "node-answer", "the node gave an answer of the wrong kind")
}

/// The way to the own node: a link, a ``Session`` over it, and what people wait for.
package actor NodeClient {
  /// Name and release, for the node's administrator.
  package static let software = "liaison/1"
  /// How long the node may take to answer.
  private static let patience = Duration.seconds(120)
  /// How long a command waits for the watch over the member's own entry.
  private static let watchPatience = Duration.seconds(5)

  private let engine: Engine
  private let requester: Requester
  private let now: @Sendable () -> Timestamp
  private var session: Session
  private var failure: (any Error)?
  /// What was asked for the session, by the requests' numbers, and until when an answer is waited for.
  private var asked: [UInt64: (key: Work.Key, until: ContinuousClock.Instant)] = [:]
  /// Messages that go into the next transaction.
  private var drafts: [(draft: Draft, room: RoomIdentifier, sent: CheckedContinuation<MessageIdentifier, any Error>)] =
    []
  /// Those who wait for anything to change.
  private var watchers: [CheckedContinuation<Void, Never>] = []
  private var ended: LinkError?
  /// Answers and receipts that say only how far a message has come: they go with whatever comes next, or after a moment,
  /// and share its flush.
  private var patient = 0
  private var isPatient = false
  private static let patientMax = 32
  private static let patientMilliseconds: Int64 = 20

  private init(
    engine: Engine, requester: Requester, position: UInt64, now: @escaping @Sendable () -> Timestamp
  ) {
    self.engine = engine
    self.requester = requester
    self.now = now
    session = Session(engine: engine, position: position)
  }

  /// Connects to the own node and runs `body` with the connection, which ends with it. Throws ``ClientError`` where the
  /// node cannot be reached.
  package static func with<Value: Sendable>(
    _ engine: Engine, now: @escaping @Sendable () -> Timestamp = Timestamp.now,
    _ body: @Sendable (NodeClient) async throws -> Value
  ) async throws -> Value {
    let identity = try engine.identity
    let position = try engine.inboxPosition
    let link = try await dial(identity, .device, position: position, now: now)
    let client = NodeClient(engine: engine, requester: Requester(link), position: position, now: now)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await client.requester.run { frames in await client.take(frames) }
        await client.end(link.end ?? .closed)
      }
      group.addTask { await client.keepRetrying() }
      defer {
        link.close()
        group.cancelAll()
      }
      await client.pump()
      return try await body(client)
    }
  }

  /// A link to the own node, over the first endpoint that answers.
  static func dial(
    _ identity: Identity, _ kind: LinkKind, position: UInt64 = 0, now: @escaping @Sendable () -> Timestamp
  ) async throws -> Link {
    guard let card = try? identity.nodeCard.verified(by: identity.rootKey).content else {
      throw ClientError.damagedStore
    }
    return try await dial(
      card.endpoints, as: LinkIdentity(identity.linkKey), kind, expecting: Set(card.nodeKeys),
      hello: Frame.Hello(clock: now(), software: software, inboxPosition: position), handle: card.handle)
  }

  /// Enrols this device with the node of the invitation.
  package static func enrol(
    _ engine: Engine, _ invitation: Invitation, now: @escaping @Sendable () -> Timestamp = Timestamp.now
  ) async throws -> Identity {
    let enrolment = try engine.beginEnrolment(invitation, now: now())
    let link = try await dial(
      invitation.endpoints, as: LinkIdentity(enrolment.linkKey), .enrol, expecting: [invitation.nodeKey],
      hello: Frame.Hello(clock: now(), software: software), handle: invitation.address.handle)
    let answer: Frame.Body = try await Requester.with(link) { requester in
      do { return try await requester.request(enrolment.request) } catch let error as RequestError {
        if case .refused(let failure) = error { return .failure(failure) }
        throw Self.error(error, invitation.address.handle)
      }
    }
    return try engine.finishEnrolment(answer, now: now())
  }

  private static func dial(
    _ endpoints: [Endpoint], as identity: LinkIdentity, _ kind: LinkKind, expecting keys: Set<NodeKey>,
    hello: Frame.Hello, handle: Handle
  ) async throws -> Link {
    var last = LinkError.closed
    for endpoint in endpoints {
      do { return try await LinkDialer.dial(endpoint, as: identity, kind, expecting: keys, hello: hello) } catch {
        last = error
      }
    }
    throw Self.error(.ended(last), handle)
  }

  static func error(_ error: RequestError, _ handle: Handle) -> ClientError {
    switch error {
    case .refused(let failure): return Self.error(failure)
    case .timeout: return ClientError(.unavailable, "node-silent", "the node \(handle) did not answer in time")
    case .cancelled: return ClientError(.later, "interrupted", "interrupted")
    case .ended(.refused(let failure)) where failure.reason == .notPermitted:
      return ClientError(
        .notPermitted, "node-refused", "the node \(handle) does not accept this device: \(failure.text)")
    case .ended(.wrongKey(let found)):
      return ClientError(
        .badData, "node-key",
        """
        what answers at the node's address is not \(handle) as this device knows it: \
        \(LinkError.wrongKey(found: found).sentence); where the node's key was replaced, its contact point gives out the \
        next card, and liaison node-card FILE takes it
        """)
    case .ended(let error):
      return ClientError(.unavailable, "node-unreachable", "the node \(handle) cannot be reached: \(error.sentence)")
    }
  }

  static func error(_ failure: Frame.Failure) -> ClientError {
    switch failure.reason {
    case .unavailable: ClientError(.unavailable, "node-unavailable", failure.text)
    case .later, .unspecified: ClientError(.later, "node-later", failure.text)
    case .limit, .notPermitted: ClientError(.notPermitted, "node-not-permitted", failure.text)
    case .unknown: ClientError(.noInput, "node-unknown", failure.text)
    case .malformed, .conflict: ClientError(.badData, "node-malformed", failure.text)
    }
  }

  // MARK: The session

  private func take(_ frames: [Frame]) {
    var isUrgent = false
    for frame in frames {
      if let work = asked.removeValue(forKey: frame.request) {
        if case (.submit, .done) = (work.key, frame.body) { patient += 1 } else { isUrgent = true }
        session.answered(work.key, with: frame.body)
      } else if case .inboxItem(let item) = frame.body {
        if case .receipt = item.content { patient += 1 } else { isUrgent = true }
        session.push(item)
      } else if frame.request == 0, case .dutyAnswer(let duties) = frame.body {
        isUrgent = true
        session.push(duties)
      }
    }
    if isUrgent || patient > Self.patientMax { return pump() }
    guard patient > 0, !isPatient else { return }
    isPatient = true
    Task {
      try? await Task.sleep(for: .milliseconds(Self.patientMilliseconds))
      isPatient = false
      if patient > 0 { pump() }
    }
  }

  /// Has the session take what waits, and sends what it has to send.
  private func pump() {
    patient = 0
    let drafts = drafts
    self.drafts = []
    do {
      if let failure { throw failure }
      if let ended { throw Self.error(.ended(ended), try engine.identity.address.handle) }
      let turn = try session.next(now: now(), sending: drafts.map { ($0.draft, $0.room) })
      perform(turn.steps)
      for (draft, result) in zip(drafts, turn.sent) { draft.sent.resume(with: result) }
    } catch {
      if ended == nil { failure = error }
      for draft in drafts { draft.sent.resume(throwing: error) }
    }
    notify()
  }

  private func perform(_ steps: [Session.Step]) {
    var work: [Work] = []
    for step in steps {
      switch step {
      case .acknowledge(let sequence): requester.link.post([Frame(.inboxAcknowledge(sequence: sequence))])
      case .ask(let piece): work.append(piece)
      }
    }
    let until = ContinuousClock.now + Self.patience
    for (number, work) in zip(requester.post(work.map(\.request)), work) { asked[number] = (work.key, until) }
  }

  /// Encrypts a message and gives its identifier once it is on this device's disk, on its way to the node. Messages that
  /// are sent at once share a flush.
  package func send(_ draft: Draft, to room: RoomIdentifier) async throws -> MessageIdentifier {
    try await withCheckedThrowingContinuation { sent in
      drafts.append((draft, room, sent))
      // Whoever sends at this moment comes before it.
      if drafts.count == 1 { Task { pump() } }
    }
  }

  /// Wakes the session when something is to be asked again, and when another program changed the profile.
  private func keepRetrying() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(500))
      if ended != nil { return }
      let now = ContinuousClock.now
      for (number, work) in asked where work.until <= now {
        asked[number] = nil
        session.answered(work.key, with: .failure(Frame.Failure(.later, "the node did not answer in time")))
      }
      pump()
    }
  }

  private func end(_ error: LinkError) {
    // What came before the end counts.
    if patient > 0, ended == nil { pump() }
    ended = error
    pump()
  }

  private func notify() {
    let waiting = watchers
    watchers = []
    for watcher in waiting { watcher.resume() }
  }

  // MARK: What people wait for

  /// Waits until `isDone`, which is asked again whenever something changed. Gives whether it came true in time. Throws
  /// ``ClientError`` where the link ends first.
  package func wait(milliseconds: UInt64, until isDone: @Sendable () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(Int64(clamping: milliseconds))
    while true {
      if let failure { throw failure }
      if try isDone() { return true }
      if let ended { throw Self.error(.ended(ended), try engine.identity.address.handle) }
      if ContinuousClock.now >= deadline { return false }
      await changed()
    }
  }

  /// Returns when something changed. Nothing changes any more once the link has ended, which can be while the caller
  /// waited for an answer: it then returns at once, and the caller finds why.
  private func changed() async {
    guard ended == nil, failure == nil, !Task.isCancelled else { return }
    await withCheckedContinuation { watchers.append($0) }
  }

  /// Takes everything that the node has for this device now.
  package func sync() async throws {
    while true {
      if let failure { throw failure }
      if let ended { throw Self.error(.ended(ended), try engine.identity.address.handle) }
      let before = try engine.inboxPosition
      // Answers come behind what was pushed before the question; pushes follow our acknowledgements.
      _ = try await request(.directoryQuery(.address(try engine.identity.address)))
      pump()
      guard session.inboxCount == 0 else {
        await changed()
        continue
      }
      // Where something came, more may have been waiting behind it.
      guard try engine.inboxPosition == before else { continue }
      session.caughtUp(now: now())
      pump()
      return try await watchOwnEntry()
    }
  }

  /// Lets the watch over this member's own entry come to its end, for a while: a long log goes on being read with the next
  /// connection.
  private func watchOwnEntry() async throws {
    let deadline = ContinuousClock.now + Self.watchPatience
    while session.isWatching, ContinuousClock.now < deadline, ended == nil, failure == nil, !Task.isCancelled {
      await changed()
    }
  }

  /// Asks the node something that is no work of the engine's. Throws ``ClientError``.
  package func request(_ body: Frame.Body) async throws -> Frame.Body {
    do { return try await requester.request(body) } catch {
      throw Self.error(error, try engine.identity.address.handle)
    }
  }

  /// Asks the directory, and keeps what verifies of the answer; of one for an address, the card that is proven to be in its
  /// country's directory. Throws ``ClientError``.
  package func lookUp(_ query: Frame.DirectoryQuery) async throws {
    _ = try await ask(query)
  }

  /// The same, and gives the answer, of which nothing was verified but what was kept.
  package func ask(_ query: Frame.DirectoryQuery) async throws -> Frame.DirectoryAnswer {
    guard case .directoryAnswer(let answer) = try await request(.directoryQuery(query)) else {
      throw ClientError.wrongAnswer
    }
    guard case .address(let address) = query else {
      try engine.takeFound(answer, now: now())
      return answer
    }
    if !answer.cards.contains(where: { (try? $0.claim())?.address == address }) {
      try engine.noteUnlisted(address, now: now())
    }
    if let question = try engine.question(about: answer, now: now()) {
      do {
        try engine.take(try await request(.directoryContinuationRequest(question)), to: question, now: now())
      } catch let error as ClientError where [.unavailable, .later].contains(error.kind) {
        // Its node cannot be asked now: the head waits, and is held against the log when it can.
      } catch let error as ClientError where error.code.hasPrefix("node-") {
        try engine.take(.failure(Frame.Failure(.unknown, error.sentence)), to: question, now: now())
      }
    }
    try engine.take(answer, now: now())
    return answer
  }

  /// Finds ways to a person over those who vouch for one another. Whoever is on one that would be shown is asked about
  /// anew: what this device has kept of their word may have been taken back, or their keys may be others.
  package func findWays(to address: Address) async throws {
    try await lookUp(.ways(to: address))
    var asked: Set<Address> = []
    for _ in 0..<VouchPaths.hopsMax {
      let vouchers = try engine.vouchers(onWaysTo: address, now: now()).subtracting(asked)
      if vouchers.isEmpty { return }
      for voucher in vouchers.sorted() {
        let answer = try await ask(.vouches(of: voucher))
        if !answer.cards.contains(where: { (try? $0.claim())?.address == voucher }) {
          try await lookForUnlisted(voucher)
        }
      }
      asked.formUnion(vouchers)
    }
  }

  /// Somebody is not among those whom the node has copies of: whether their country has them still, it is asked itself.
  private func lookForUnlisted(_ address: Address) async throws {
    do { try await lookUp(.address(address)) } catch let error as ClientError
      where [.unavailable, .later, .noInput, .notPermitted].contains(error.kind)
    {}
  }

  /// Tells the node what this member says. Throws ``ClientError``.
  package func say(_ statement: Frame.MemberStatement) async throws {
    guard case .done = try await request(.memberStatement(statement)) else {
      throw ClientError.wrongAnswer
    }
  }

  /// Asks who holds a duty role, and keeps what verifies. Throws ``ClientError``.
  package func lookUp(role address: Address) async throws {
    switch try await request(.dutyQuery(address)) {
    case .dutyAnswer(let duties): try engine.take(duties, isOwn: false, now: now())
    // A node of before answers for a member of that address.
    case .directoryAnswer: break
    default: throw ClientError.wrongAnswer
    }
    pump()
  }

  /// Has the node do something about a duty role, and takes what came of it. Throws ``ClientError``.
  package func perform(_ change: Frame.DutyChange) async throws {
    guard case .dutyAnswer(let duties) = try await request(.dutyChange(change)) else {
      throw ClientError.wrongAnswer
    }
    try engine.take(duties, isOwn: true, now: now())
    pump()
  }

  /// Waits until the node has a message of this device. Gives whether it has, and why not where it has not.
  package func flush(_ message: MessageIdentifier, milliseconds: UInt64 = 30_000) async throws -> Bool {
    let engine = engine
    // It may have been written past this client.
    pump()
    return try await wait(milliseconds: milliseconds) { try !engine.isUnderway(message) }
  }

  /// Why the node could not do what it was asked last; empty where it could.
  package var lastReason: String { session.lastReason }
}

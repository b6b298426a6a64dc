internal import LiaisonModel
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Bounds of asking for missing messages and of answering, each with its reason.
enum AskPolicy {
  /// How long a gap stands before its sender is asked: what was only overtaken comes by itself.
  static let firstMilliseconds: UInt64 = 60_000
  /// How long to wait for an answer: after the first request, the second, and every later one. Requests are kept for who is
  /// away; only one that was lost has to be made again.
  static let waitsMilliseconds: [UInt64] = [20 * 60_000, 2 * 3_600_000, 24 * 3_600_000]
  /// How often a sender is asked for what does not come: two weeks long.
  static let attemptsMax = 16
  /// Senders asked at one time.
  static let asksMax = 8

  /// How many requests of one device in one room are answered, and in which time: an hour.
  static let answersMax = 6
  static let answersMilliseconds: UInt64 = 3_600_000
  /// Messages that one answer takes, and the bytes of content in each of them: it fits with what encrypts it.
  static let answerMessagesMax = 8
  static let answerBytesMax = 80 << 10
  /// What is younger, and has no receipt of the asker's node, may still come by itself: a quarter of an hour.
  static let underwayMilliseconds: UInt64 = 15 * 60_000
  /// Numbers of one room that a device remembers what they stand for.
  static let sentPerRoomMax = 10_000
}

/// Messages that went missing: asking their sender, and sending them again to who asks.
extension EngineStep {
  private var suite: Suite { get throws { try Suite(RoomProfile.cipherSuite) } }

  // MARK: Asking

  /// Asks the senders of missing messages for them, where it is time to.
  func askForMissing() throws {
    for ask in try tx.dueAsks(now: now, limit: AskPolicy.asksMax) {
      let wait = AskPolicy.waitsMilliseconds[min(Int(ask.attempts), AskPolicy.waitsMilliseconds.count - 1)]
      do {
        try tx.attempt { try perform(ask, wait: wait) }
      } catch is MLSError {
        // The room does not let anything be sent now.
        try tx.save(ask, nextAt: now.adding(milliseconds: wait))
      }
    }
  }

  private func perform(_ ask: AskRecord, wait: UInt64) throws {
    guard ask.attempts < AskPolicy.attemptsMax, let record = try tx.room(ask.room), record.state == .active,
      let group = try group(ask.room), group.isActive, group.roomMembers.contains(where: { $0.device == ask.device }),
      let counted = try tx.counted(ask.device, in: ask.room, epoch: .max)
    else { return try tx.delete(ask) }
    let missing = try tx.missing(counted, limit: Limits.missingRangesMax)
    guard !missing.isEmpty else { return try tx.delete(ask) }
    guard try !isHolding(record) else {
      return try tx.save(ask, nextAt: now.adding(milliseconds: AskPolicy.firstMilliseconds))
    }
    var ask = ask
    let key = try ask.answerKey ?? suite.generateKeyPair(RandomSource(random)).privateKey
    ask.answerKey = key
    ask.attempts += 1
    try tx.save(ask, nextAt: now.adding(milliseconds: wait))
    let request = MissingMessages(
      device: ask.device, answerKey: try suite.publicKey(of: key).bytes, missing: missing)
    try transmit(.missing(request), to: record)
  }

  private func transmit(_ body: MessageContent.Body, to record: RoomRecord) throws {
    let content = MessageContent(
      message: newIdentifier(), sequence: 0, sentAt: now, precedence: .routine, marking: .red, replyTo: nil, body: body)
    try transmit(content, to: record)
  }

  /// Takes the answer to a request of this device: what is missing, and nothing else.
  func take(_ answer: SealedAgain, from sender: RoomMember, in room: RoomIdentifier, epoch: UInt64) throws {
    guard answer.device == identity.device, var ask = try tx.ask(sender.device, in: room), let key = ask.answerKey,
      let counted = try tx.counted(sender.device, in: room, epoch: epoch),
      let plaintext = try? suite.open(
        HPKECiphertext(kemOutput: answer.kemOutput, ciphertext: answer.ciphertext), key,
        info: SealedAgain.info(room: room, asker: identity.device, sender: sender.device)),
      let opened = try? MessagesAgain(tlsEncoded: plaintext.exposedBytes)
    else { return }
    let before = try tx.missing(counted, limit: Limits.missingRangesMax)
    for content in opened.again where try tx.isMissing(content.sequence, counted) {
      try tx.fill(missing: content.sequence, counted)
      guard let record = try tx.room(room) else { return }
      try take(content, from: sender, in: record, epoch: epoch, digest: [], flags: .sentAgain)
    }
    for number in opened.idle.lazy.flatMap(\.numbers).prefix(Limits.missingNumbersMax) {
      try tx.fill(missing: number, counted)
    }
    for range in opened.gone { try tx.giveUp(missing: range.numbers, counted) }
    // It answers: what is still missing is asked for soon, and as often as if it were the first time.
    guard try tx.missing(counted, limit: Limits.missingRangesMax) != before else { return }
    ask.attempts = 1
    try tx.save(ask, nextAt: now.adding(milliseconds: AskPolicy.firstMilliseconds))
    try tx.endAskingWhereComplete(sender.device, in: room)
  }

  // MARK: Answering

  /// Sends to another device again what it misses of this one's messages, if it was in the room when they were sent.
  func answer(_ request: MissingMessages, from asker: RoomMember, in room: RoomIdentifier) throws {
    guard request.device == identity.device, asker.device != identity.device, let record = try tx.room(room),
      record.state == .active, try !isHolding(record), let group = try group(room), group.isActive,
      group.roomMembers.contains(where: { $0.device == asker.device }),
      let since = try tx.since(asker.device, in: room), try tx.mayAnswer(asker.device, in: room, now: now)
    else { return }
    var parts = [Part()]
    let last = try tx.lastSequence(room)
    for number in request.missing.lazy.flatMap(\.numbers).prefix(Limits.missingNumbersMax) where number <= last {
      switch try standing(of: number, in: room, for: asker, since: since) {
      case .underway: continue
      case .idle: parts[parts.count - 1].idle.append(number)
      case .gone: parts[parts.count - 1].gone.append(number)
      case .again(let content):
        let size = content.tlsEncoded.count
        if parts[parts.count - 1].size + size > AskPolicy.answerBytesMax { parts.append(Part()) }
        parts[parts.count - 1].add(content, size)
      }
    }
    do {
      try tx.attempt {
        for part in parts.prefix(AskPolicy.answerMessagesMax) where !part.isEmpty {
          try send(part, to: asker, key: request.answerKey, in: record)
        }
      }
    } catch is MLSError {
      // Its key is none, or the room does not let anything be sent now. It will ask again.
    }
  }

  /// What one message of an answer holds.
  private struct Part {
    var again: [MessageContent] = []
    var idle: [UInt64] = []
    var gone: [UInt64] = []
    private(set) var size = 0

    var isEmpty: Bool { again.isEmpty && idle.isEmpty && gone.isEmpty }

    mutating func add(_ content: MessageContent, _ bytes: Int) {
      again.append(content)
      size += bytes
    }

    var encoded: [UInt8] {
      MessagesAgain(again: again, idle: Self.ranges(idle), gone: Self.ranges(gone)).tlsEncoded
    }

    /// Numbers that follow one another, as ranges.
    private static func ranges(_ numbers: [UInt64]) -> [NumberRange] {
      var ranges: [ClosedRange<UInt64>] = []
      for number in numbers {
        if let latest = ranges.last, latest.upperBound < number, number - latest.upperBound == 1 {
          ranges[ranges.count - 1] = latest.lowerBound...number
        } else {
          ranges.append(number...number)
        }
      }
      return ranges.map(NumberRange.init)
    }
  }

  private enum Standing {
    case again(MessageContent)
    /// It may still come by itself.
    case underway
    case idle
    /// Not kept, not delivered and its sender told, too old, or never for the asker.
    case gone
  }

  private func standing(
    of number: UInt64, in room: RoomIdentifier, for asker: RoomMember, since: UInt64
  ) throws -> Standing {
    guard let sent = try tx.sent(number, in: room), sent.epoch >= since else { return .gone }
    let content: MessageContent
    var isHeld = false
    switch sent.message {
    case .idle: return .idle
    case .content(let kept): content = kept
    case .entry(let entry):
      guard case .message(let shown) = entry.content else { return .gone }
      content = shown
      for delivery in try tx.deliveries(shown.message) {
        if case .refused = delivery.outcome, [identity.address.handle, asker.address.handle].contains(delivery.node) {
          return .gone
        }
        if case .receipt = delivery.outcome, delivery.node == asker.address.handle { isHeld = true }
      }
    }
    guard now < content.sentAt.adding(milliseconds: Limits.envelopeLifetimeMilliseconds) else { return .gone }
    // What is dated ahead was written by a clock that has been set back since.
    let isYoung = content.sentAt <= now && now < content.sentAt.adding(milliseconds: AskPolicy.underwayMilliseconds)
    if try !isHeld && isYoung || tx.isQueued(content.message) { return .underway }
    return .again(content)
  }

  private func send(_ part: Part, to asker: RoomMember, key: [UInt8], in record: RoomRecord) throws {
    let sealed = try suite.seal(
      to: HPKEPublicKey(bytes: key),
      info: SealedAgain.info(room: record.room, asker: asker.device, sender: identity.device), part.encoded)
    try transmit(
      .again(SealedAgain(device: asker.device, kemOutput: sealed.kemOutput, ciphertext: sealed.ciphertext)), to: record)
    let node = asker.address.handle
    guard node != identity.address.handle else { return }
    for content in part.again where try tx.history(content.message) != nil && tx.delivery(content.message, node) == nil
    {
      try tx.save(Delivery(node: node, .sentAgain(at: now)), content.message)
    }
  }
}

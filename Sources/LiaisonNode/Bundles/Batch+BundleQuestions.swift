internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS

/// Requests of devices that no link carries: bundles take them to the peer and bring the answers, and the device, which
/// asks again from time to time, gets the answer once it is here.
extension Batch {
  /// The answer that a bundle brought, or a failure where there is none yet; the next bundle then asks.
  mutating func answerFromBundles(
    _ body: Frame.Body, _ kind: Relays.Kind, of peer: Handle
  ) throws -> Frame.Body {
    let subject = Self.subject(of: body)
    if let question = try store.bundleQuestion(subject, to: peer) {
      guard let answer = question.answer else {
        if question.askedAt.adding(milliseconds: Limits.bundleAnswerMilliseconds) <= now {
          try ask(body, subject, of: peer)
        }
        // Not thrown, which would undo that it was asked.
        return .failure(.unavailable("\(peer) cannot be reached now; a bundle may bring its answer"))
      }
      let frame: Frame
      do { frame = try Frame(encoded: answer) } catch { throw StoreError.unreadable("an answer that a bundle brought") }
      if let answer = try use(frame.body, of: question, kind, body, from: peer) { return answer }
    }
    try ask(body, subject, of: peer)
    return .failure(.unavailable("\(peer) cannot be reached now; the next bundle for it asks"))
  }

  /// What a kept answer is worth now; nil where it has to be asked for anew.
  private mutating func use(
    _ answer: Frame.Body, of question: BundleQuestion, _ kind: Relays.Kind, _ body: Frame.Body, from peer: Handle
  ) throws -> Frame.Body? {
    switch (kind, answer) {
    // One that was kept by an earlier version has no proof, and is asked for anew.
    case (.member, .directoryAnswer(let found)) where !found.cards.isEmpty && found.head == nil: return nil
    case (.member, .directoryAnswer(let found)) where !found.cards.isEmpty:
      let end = question.askedAt.adding(milliseconds: Limits.bundleAnswerMilliseconds)
      return now < end ? answer : nil
    case (.role, .dutyAnswer(let duties)) where !duties.roleCards.isEmpty:
      let end = question.askedAt.adding(milliseconds: Limits.bundleAnswerMilliseconds)
      return now < end ? answer : nil
    case (.keyPackages, .keyPackages(let packages)):
      // Each is used once: the next bundle asks for more.
      let usable = packages.filter(isInForce)
      try ask(body, question.subject, of: peer)
      return usable.isEmpty ? nil : .keyPackages(usable)
    default:
      try store.removeBundleQuestion(question.subject, to: peer)
      return answer
    }
  }

  private func isInForce(_ keyPackage: [UInt8]) -> Bool {
    guard case .keyPackage(let keyPackage)? = try? MLSMessage(keyPackage) else { return false }
    return (try? keyPackage.validate(now: now.seconds, maximumLifetime: RoomProfile.lifetimeSecondsMax)) != nil
  }

  /// Has the next bundle ask.
  private mutating func ask(_ body: Frame.Body, _ subject: String, of peer: Handle) throws {
    guard try store.bundleQuestionCount(to: peer) < Limits.bundleQuestionsMax else {
      throw Frame.Failure.limit("too many questions wait for a bundle to \(peer)")
    }
    let sequence = try nextBundleSequence(for: peer)
    let frame = Frame(request: sequence, body).encoded
    guard frame.count <= Limits.bundlePartBytesMax / 2 else {
      throw Frame.Failure.limit("it is too large for a bundle, and \(peer) cannot be reached now")
    }
    try store.insertBundleItem(BundleItem(sequence: sequence, .frame(frame)), for: peer)
    try store.save(BundleQuestion(subject: subject, sequence: sequence, askedAt: now), to: peer)
  }

  /// An answer that a bundle brought.
  mutating func take(answer frame: Frame, from peer: Handle) throws {
    // One to a question that has been put anew, or given up, is passed over.
    guard var question = try store.bundleQuestion(sequence: frame.request, to: peer), question.answer == nil else {
      return
    }
    let body: Frame.Body
    switch (question.subject.first, frame.body) {
    case (_, .failure), ("c", .hubAnswer): body = frame.body
    case ("k", .keyPackages(let packages)) where packages.count <= Limits.devicesPerMemberMax: body = frame.body
    case ("m", .directoryAnswer(let answer)):
      guard let address = try? Address(String(question.subject.dropFirst(2))) else { return }
      body = try proven(answer, of: address)
    case ("d", .dutyAnswer(let duties)):
      guard let address = try? Address(String(question.subject.dropFirst(2))) else { return }
      body = .dutyAnswer(role(address, in: duties))
    case ("d", .directoryAnswer): body = .dutyAnswer(Frame.Duties())
    default: throw Violation("an answer of another kind than was asked for")
    }
    question.answer = Frame(body).encoded
    question.askedAt = now
    try store.save(question, to: peer)
  }

  /// `k ADDRESS` key packages, `m ADDRESS` a member, `d ADDRESS` a duty role, `c MESSAGE` a commit.
  private static func subject(of body: Frame.Body) -> String {
    switch body {
    case .keyPackagesRequest(let address): "k \(address)"
    case .directoryQuery(.address(let address)): "m \(address)"
    case .dutyQuery(let address): "d \(address)"
    case .hubCommit(let commit): "c \(commit.message)"
    default: preconditionFailure("not a request that another node answers")
    }
  }
}

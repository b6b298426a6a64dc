internal import LiaisonModel
internal import LiaisonProtocol

/// Whether a directory's head may be relied on.
enum HeadOutcome {
  /// It says what was seen before, or is the first.
  case fits
  /// It does where its node shows that the log goes on from what was seen: this is to be asked.
  case toAsk(Frame.DirectoryContinuationRequest)
  /// It does not; why, for a person.
  case wrong(String)
}

/// Countries' directories: their heads, what shows that each continues the one before, and what proves that one does not.
extension EngineStep {
  /// Holds a head against the newest that was seen of its country. `isTold` where it is not what the country itself
  /// says now.
  @discardableResult
  func see(_ unverified: Unverified<DirectoryHead>, isTold: Bool = false) throws -> HeadOutcome {
    guard let claim = try? unverified.claim(), var view = try tx.directory(of: claim.handle),
      let node = try tx.node(claim.handle)?.verified, let head = try? unverified.verified(by: node).content
    else { return .wrong("its head is not signed by a node that is known") }
    let country = claim.handle
    guard head.signedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      return .wrong("its head is dated ahead by more than an hour")
    }
    guard let known = view.head else {
      view.head = unverified
      try tx.save(view, country)
      return .fits
    }
    switch try unverified.relation(to: known) {
    case .same: return .fits
    case .ofOtherSize(let lesser, let greater):
      guard let (from, to) = try? (lesser.claim(), greater.claim()) else { return .wrong("its head is malformed") }
      if from.size == 0 {
        view.head = greater
        try tx.save(view, country)
        return .fits
      }
      if !view.waiting.contains(where: { (try? $0.claim())?.agrees(with: head) ?? false }),
        view.waiting.count < DirectoryView.waitingMax
      {
        view.waiting.append(unverified)
        try tx.save(view, country)
      }
      return .toAsk(
        Frame.DirectoryContinuationRequest(
          handle: country, beganAt: from.beganAt, from: from.size, to: to.size))
    case .anew:
      view.head = unverified
      view.waiting = []
      view.fault = DirectoryView.Fault(
        "\(country) has begun its directory anew, as after a restored backup", at: now, isHarmless: true)
      try tx.save(view, country)
      return .fits
    case .outdated: return isTold ? .fits : .wrong("\(country) had begun another directory in the place of this one")
    case .contradictory(let evidence):
      try keep(evidence, against: country)
      return .wrong("\(country) has shown two directories")
    }
  }

  /// Keeps evidence that holds.
  func keep(_ evidence: DirectoryEvidence, against country: Handle) throws {
    guard var view = try tx.directory(of: country), let node = try tx.node(country)?.verified,
      !view.evidence.contains(evidence), view.evidence.count < Limits.directoryEvidencePerCountryMax,
      (try? evidence.verified(by: node)) != nil
    else { return }
    view.evidence.append(evidence)
    try tx.save(view, country)
  }

  /// Notes what is wrong and cannot be proven.
  func noteFault(_ text: String, of country: Handle) throws {
    guard var view = try tx.directory(of: country), view.fault?.text != text else { return }
    view.fault = DirectoryView.Fault(String(text.prefix(200)), at: now)
    try tx.save(view, country)
  }

  /// What has to be asked of a country, about the first head that waits.
  func directoryQuestion(of country: Handle) throws -> Frame.DirectoryContinuationRequest? {
    guard let view = try tx.directory(of: country), let known = view.head, let head = view.waiting.first,
      case .ofOtherSize(let lesser, let greater) = try head.relation(to: known),
      let (from, to) = try? (lesser.claim(), greater.claim())
    else { return nil }
    return Frame.DirectoryContinuationRequest(
      handle: country, beganAt: from.beganAt, from: from.size, to: to.size)
  }

  /// Takes the answer to such a question. Gives why the head is wrong, where it is. What is not asked any more changes
  /// nothing.
  @discardableResult
  func settle(_ question: Frame.DirectoryContinuationRequest, _ answer: Frame.Body) throws -> String? {
    let country = question.handle
    guard var view = try tx.directory(of: country), let known = view.head else { return nil }
    guard let head = view.waiting.first(where: { Self.isAbout(question, $0, known) }) else { return nil }
    view.waiting.removeAll { $0 == head }
    // Those that its predecessor made moot.
    view.waiting.removeAll {
      if case .ofOtherSize? = try? $0.relation(to: known) { false } else { true }
    }
    try tx.save(view, country)
    guard case .ofOtherSize(let lesser, let greater) = try head.relation(to: known) else { return nil }
    switch answer {
    case .directoryContinuation(let continuation):
      switch continuation.verdict(lesser: lesser, greater: greater) {
      case .continues:
        view.head = greater
        try tx.save(view, country)
        return nil
      case .contradicts(let evidence):
        try keep(evidence, against: country)
        return "\(country) has shown two directories"
      case .nothing: break
      }
    // It is looked at again when a head comes the next time.
    case .failure(let failure) where failure.isPassing: return nil
    default: break
    }
    let fault = "\(country) does not show that its directory continues what this machine has seen of it"
    try noteFault(fault, of: country)
    return fault
  }

  private static func isAbout(
    _ question: Frame.DirectoryContinuationRequest, _ head: Unverified<DirectoryHead>,
    _ known: Unverified<DirectoryHead>
  ) -> Bool {
    guard case .ofOtherSize(let lesser, let greater)? = try? head.relation(to: known),
      let (from, to) = try? (lesser.claim(), greater.claim())
    else { return false }
    return from.beganAt == question.beganAt && from.size == question.from && to.size == question.to
  }

  /// The cards of an answer that is proven, and what has to be asked before they are relied on. Throws ``ClientError``
  /// where it is not: nothing of it is kept.
  func check(
    _ answer: Frame.DirectoryAnswer
  ) throws -> (cards: [Signed<MemberCard>], question: Frame.DirectoryContinuationRequest?) {
    guard let first = answer.cards.first else { return ([], nil) }
    guard let country = (try? first.claim())?.address.handle, let node = try tx.node(country)?.verified else {
      throw Self.unproven("it is of a node that is not known")
    }
    do {
      let (cards, head) = try answer.verified(by: node)
      guard let head else { return ([], nil) }
      switch try see(head.unverified) {
      case .fits: return (cards, nil)
      case .toAsk(let question): return (cards, question)
      case .wrong(let why): throw Self.unproven(why)
      }
    } catch let error as ModelError { throw Self.unproven(error.sentence) }
  }

  static func unproven(_ why: String) -> ClientError {
    ClientError(.badData, "directory-unproven", "the directory's answer is not used: \(why); see: liaison directory")
  }
}

internal import LiaisonModel
internal import LiaisonProtocol

/// Whether a directory's head may be relied on.
enum HeadOutcome {
  /// It says what was seen before, or is the first.
  case fits
  /// It does where its node shows that the log goes on from what was seen: this is to be asked.
  case toAsk(Frame.DirectoryContinuationRequest)
  /// It is of the log before, as what is still under way when another one takes its place: nothing is wrong, and nothing is
  /// to be relied on.
  case past
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
    switch try unverified.relation(to: known, by: node.unverified) {
    case .same:
      // The later one is dated later than the next log may begin.
      if try known.claim().signedAt < head.signedAt {
        view.head = unverified
        try tx.save(view, country)
      }
      return .fits
    case .ofOtherSize(let lesser, let greater):
      guard let question = Frame.DirectoryContinuationRequest(lesser: lesser, greater: greater) else {
        // Everything continues an empty log.
        view.head = greater
        try tx.save(view, country)
        return .fits
      }
      if !view.waiting.contains(where: { (try? $0.claim())?.agrees(with: head) ?? false }),
        view.waiting.count < Limits.directoryHeadsWaitingMax
      {
        view.waiting.append(unverified)
        try tx.save(view, country)
      }
      return .toAsk(question)
    case .anew:
      view.head = unverified
      view.waiting = []
      view.unansweredSince = nil
      view.fault = DirectoryView.Fault(
        "\(country) has begun its directory anew, as after a restored backup", at: now, isHarmless: true)
      try tx.save(view, country)
      return .fits
    case .outdated:
      return try isTold || head.isBefore(logOf: known.claim().beganAt)
        ? .past : .wrong("\(country) had begun another directory in the place of this one")
    case .contradictory(let evidence):
      try expose(country, by: evidence)
      return .wrong("\(country) has shown two directories")
    }
  }

  /// What was found here.
  private func expose(_ country: Handle, by evidence: DirectoryEvidence) throws {
    guard try !keep(evidence, against: country) else { return }
    // The heads are signed by keys of different cards.
    try noteFault(
      "\(country) has shown two directories, the one before and the other after its keys changed", of: country)
  }

  /// Keeps evidence that holds, one of each kind. Gives whether it holds, as far as that can be told.
  @discardableResult
  func keep(_ evidence: DirectoryEvidence, against country: Handle) throws -> Bool {
    guard var view = try tx.directory(of: country), let node = try tx.node(country)?.verified,
      !view.evidence.contains(evidence), view.evidence.count < Limits.directoryEvidencePerCountryMax
    else { return true }
    guard let kind = try? evidence.verified(by: node).kind else { return false }
    guard !view.evidence.contains(where: { (try? $0.verified(by: node))?.kind == kind }) else { return true }
    view.evidence.append(evidence)
    try tx.save(view, country)
    return true
  }

  /// Whether the own node has a link with a country.
  func noteLink(with country: Handle, isLinked: Bool) throws {
    guard var view = try tx.directory(of: country), view.isLinked != isLinked else { return }
    view.isLinked = isLinked
    try tx.save(view, country)
  }

  /// Notes what is wrong and cannot be proven.
  func noteFault(_ text: String, of country: Handle, isHarmless: Bool = false) throws {
    let text = String(text.prefix(200))
    guard var view = try tx.directory(of: country),
      view.fault?.text != text || view.fault?.isHarmless != isHarmless
    else { return }
    view.fault = DirectoryView.Fault(text, at: now, isHarmless: isHarmless)
    try tx.save(view, country)
  }

  /// What has to be asked of a country, about the first head that waits of which there is something to ask.
  func directoryQuestion(of country: Handle) throws -> Frame.DirectoryContinuationRequest? {
    try open(of: country) { _ in true }?.question
  }

  private typealias Open = (
    head: Unverified<DirectoryHead>, question: Frame.DirectoryContinuationRequest,
    lesser: Unverified<DirectoryHead>, greater: Unverified<DirectoryHead>
  )

  private func open(
    of country: Handle, where isMeant: (Frame.DirectoryContinuationRequest) -> Bool
  ) throws -> Open? {
    guard let view = try tx.directory(of: country), let known = view.head, let node = try tx.node(country)?.card else {
      return nil
    }
    for head in view.waiting {
      guard case .ofOtherSize(let lesser, let greater) = try head.relation(to: known, by: node),
        let question = Frame.DirectoryContinuationRequest(lesser: lesser, greater: greater), isMeant(question)
      else { continue }
      return (head, question, lesser, greater)
    }
    return nil
  }

  /// Takes the answer to such a question. Gives why the head is wrong, where it is. What is not asked any more changes
  /// nothing.
  @discardableResult
  func settle(_ question: Frame.DirectoryContinuationRequest, _ answer: Frame.Body) throws -> String? {
    let country = question.handle
    guard var view = try tx.directory(of: country), let node = try tx.node(country)?.card,
      let open = try open(of: country, where: { $0 == question })
    else { return nil }
    if case .failure(let failure) = answer, failure.isPassing {
      try noteUnanswered(country)
      return nil
    }
    view.waiting.removeAll { $0 == open.head }
    view.unansweredSince = nil
    try tx.save(view, country)
    if case .directoryContinuation(let continuation) = answer {
      switch continuation.verdict(lesser: open.lesser, greater: open.greater, by: node) {
      case .continues:
        view.head = open.greater
        try tx.save(view, country)
        try settleWaiting(of: country)
        return nil
      case .contradicts(let evidence):
        try expose(country, by: evidence)
        return "\(country) has shown two directories"
      case .nothing: break
      }
    }
    let fault = "\(country) does not show that its directory continues what this machine has seen of it"
    try noteFault(fault, of: country)
    return fault
  }

  /// Another head is the newest now: of those that wait, some say nothing any more, and some prove a lie.
  private func settleWaiting(of country: Handle) throws {
    guard let view = try tx.directory(of: country), let known = view.head, let node = try tx.node(country)?.card else {
      return
    }
    var waiting: [Unverified<DirectoryHead>] = []
    for head in view.waiting {
      switch try head.relation(to: known, by: node) {
      case .ofOtherSize: waiting.append(head)
      case .contradictory(let evidence): try expose(country, by: evidence)
      case .same, .anew, .outdated: break
      }
    }
    guard waiting != view.waiting, var changed = try tx.directory(of: country) else { return }
    changed.waiting = waiting
    try tx.save(changed, country)
  }

  /// A country could not say how its log goes on. It is asked again, and after a day people are told.
  private func noteUnanswered(_ country: Handle) throws {
    guard var view = try tx.directory(of: country) else { return }
    let since = min(view.unansweredSince ?? now, now)
    if view.unansweredSince != since {
      view.unansweredSince = since
      try tx.save(view, country)
    }
    guard since.adding(milliseconds: Limits.directoryUnansweredMilliseconds) <= now else { return }
    let text = "\(country) has not said for a day how its directory goes on from what this machine has seen of it"
    // A country that cannot be reached cannot say it; what is worse stays.
    if view.isLinked || view.fault?.isHarmless ?? true { try noteFault(text, of: country, isHarmless: !view.isLinked) }
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
      case .past:
        throw ClientError(
          .later, Self.pastDirectory, "the directory's answer is from before \(country) began it anew; ask again")
      case .wrong(let why): throw Self.unproven(why)
      }
    } catch let error as ModelError { throw Self.unproven(error.sentence) }
  }

  /// The code of an answer of the log before, of which there is nothing to be told.
  static var pastDirectory: String { "directory-past" }

  static func unproven(_ why: String) -> ClientError {
    ClientError(.badData, "directory-unproven", "the directory's answer is not used: \(why); see: liaison directory")
  }
}

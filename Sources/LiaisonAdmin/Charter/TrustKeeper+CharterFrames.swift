internal import FoundationEssentials
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonTrust
internal import TLSPresentation

/// What administrators are told of charters.
extension TrustKeeper {
  /// All that are known here, the highest serial first.
  func charterFrames() -> AdminCharters {
    var answer = AdminCharters()
    answer.charters = charters.all.map { frame(of: $0) }
    return answer
  }

  /// How a charter in a file stands here, after it was taken where that is asked for.
  func answer(_ request: AdminCharterRequest) async throws(Frame.Failure) -> AdminCharters {
    guard let file = try? CharterFile(tlsEncoded: Array(request.file)) else {
      throw Frame.Failure(.malformed, "the charter is malformed")
    }
    if request.keep { try await take(file, from: nil) }
    let charter: VerifiedCharter
    do { charter = try file.charter.verified() } catch { throw Frame.Failure(.malformed, error.sentence) }
    var answer = AdminCharters()
    let shown =
      charters[charter.digest]
      ?? CharterBox.Kept(charter: charter, cards: file.cards(of: charter.content), from: nil, seenAt: clock())
    answer.charters = [frame(of: shown)]
    return answer
  }

  private func frame(of kept: CharterBox.Kept) -> AdminCharter {
    let (charter, content) = (kept.charter, kept.charter.content)
    let judgement = registry.judge(charter, at: clock())
    let forks = forks(of: charter)
    let before = registry.predecessor(of: content)
    let own = registry.ownCard?.content
    var frame = AdminCharter()
    frame.file = Data(file(of: kept).tlsEncoded)
    frame.state = forks.isEmpty || judgement.state == .adopted ? judgement.state.rawValue : CharterState.forked.rawValue
    frame.reasons =
      (judgement.state == .adopted ? [] : judgement.reasons)
      + forks.map { "\($0.digest) wants the same place, and \(Registry.both(charter, $0)) signed both" }
    frame.changes = before.map { content.changes(since: $0) } ?? []
    frame.countries = content.members.map { member in
      var country = AdminCharterCountry()
      country.handle = member.handle.description
      country.signed = charter.signers.contains(member.rootKey)
      country.peer = member.handle == own?.handle ? "this node" : registry.peer(member.handle)?.state.rawValue ?? ""
      return country
    }
    frame.departing = (before?.members ?? [])
      .filter { charter.signers.contains($0.rootKey) && content.member(rootKey: $0.rootKey) == nil }
      .map(\.handle.description)
    frame.from = kept.from?.description ?? ""
    frame.seenAt = kept.seenAt.milliseconds
    frame.rivals = charters.all.filter { rival in
      rival.charter.content.competes(with: content) && own.map { rival.charter.signers.contains($0.rootKey) } == true
    }.map(\.charter.digest.description)
    frame.forks = forks.map(\.digest.description)
    if let adopted = registry.adoptedCharter, adopted.digest == charter.digest {
      frame.adoptedAt = adopted.adoptedAt.milliseconds
    }
    return frame
  }
}

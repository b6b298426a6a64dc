package import LiaisonModel

/// A charter that administrators adopted.
package struct AdoptedCharter: Equatable, Sendable {
  package let charter: VerifiedCharter
  package let adoptedAt: Timestamp
  /// The one that it replaced here.
  package let previous: Charter?
  /// Countries that an earlier one named and this one does not, with the serial of the first without them.
  package let former: [Handle: UInt64]

  package var content: Charter { charter.content }
  package var digest: CharterDigest { charter.digest }
}

/// How a charter stands to the one that was adopted here.
package enum CharterState: String, Sendable, CaseIterable {
  /// This is it.
  case adopted
  /// It could be adopted.
  case ready
  /// It lacks signatures.
  case gathering
  /// Another charter has its place.
  case forked
  /// A later one was adopted.
  case stale
  /// One between the adopted one and it is missing.
  case early
  /// It is another network's.
  case foreign
  /// It contradicts what is known here of a country.
  case conflicting

  /// What stops its adoption, for statuses.
  var code: TrustError.Code {
    switch self {
    case .adopted, .stale, .early: .wrongState
    case .ready, .gathering, .forked, .foreign, .conflicting: .notPermitted
    }
  }
}

/// A charter's state, and why.
package struct CharterJudgement: Equatable, Sendable {
  package let state: CharterState
  /// Why it is not ready, one sentence each; empty where it is.
  package let reasons: [String]
}

extension Registry {
  /// The charter that `charter` follows, where it is the adopted one or the one before.
  package func predecessor(of charter: Charter) -> Charter? {
    guard let previous = charter.origin?.previous else { return nil }
    return [adoptedCharter?.content, adoptedCharter?.previous].lazy.compactMap { $0 }.first { $0.digest == previous }
  }

  /// How a charter stands here.
  package func judge(_ charter: VerifiedCharter, at time: Timestamp) -> CharterJudgement {
    if let place = place(of: charter) { return place }
    let conflicts = self.conflicts(with: charter.content)
    if !conflicts.isEmpty { return CharterJudgement(state: .conflicting, reasons: conflicts) }
    guard charter.content.issuedAt <= time.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      return CharterJudgement(state: .conflicting, reasons: ["it is dated ahead by more than an hour"])
    }
    var reasons = standing(of: charter).shortfalls
    // Without the one before it, nobody can tell who was asked; this country at least has to have been.
    if adoptedCharter == nil, let own = ownCard?.content, !charter.signers.contains(own.rootKey) {
      if reasons.isEmpty { reasons.append("this country, \(own.handle), has not signed it") }
    }
    return CharterJudgement(state: reasons.isEmpty ? .ready : .gathering, reasons: reasons)
  }

  /// Who has signed it, of those whose signatures count.
  package func standing(of charter: VerifiedCharter) -> CharterStanding {
    CharterStanding(of: charter, after: predecessor(of: charter.content))
  }

  /// Where it stands beside the adopted one; nil where it is the next one, or the first here.
  private func place(of charter: VerifiedCharter) -> CharterJudgement? {
    guard let adopted = adoptedCharter else { return nil }
    func judgement(_ state: CharterState, _ sentence: String) -> CharterJudgement {
      CharterJudgement(state: state, reasons: [sentence])
    }
    if charter.digest == adopted.digest { return judgement(.adopted, "it is adopted already") }
    let (serial, present) = (charter.content.serial, adopted.content.serial)
    if charter.content.competes(with: adopted.content), standing(of: charter).isComplete,
      !charter.signers.isDisjoint(with: adopted.charter.signers)
    {
      return judgement(
        .forked,
        "two charters with serial \(serial) are signed by enough countries, \(charter.digest) and the adopted "
          + "\(adopted.digest): \(Self.both(charter, adopted.charter)) signed both")
    }
    guard charter.network == adopted.charter.network else {
      return judgement(.foreign, "it is another network's than the adopted one")
    }
    if serial <= present { return judgement(.stale, "it has serial \(serial), and serial \(present) is adopted") }
    if serial > present + 1 {
      return judgement(
        .early, "it has serial \(serial), and the one before it is not adopted here: serial \(present) is")
    }
    if let previous = charter.content.origin?.previous, previous != adopted.digest {
      return judgement(.forked, "it follows the charter \(previous), and \(adopted.digest) is adopted here")
    }
    return nil
  }

  /// The countries that signed both, as the first one names them.
  package static func both(_ one: VerifiedCharter, _ other: VerifiedCharter) -> String {
    let names = one.signers.intersection(other.signers).map { key in
      (one.content.member(rootKey: key) ?? other.content.member(rootKey: key))?.handle.description
        ?? "\(Fingerprint(of: key))"
    }
    return names.sorted().joined(separator: ", ")
  }

  /// What it says that is known here to be otherwise, one sentence each: a root key that was swapped, above all.
  package func conflicts(with charter: Charter) -> [String] {
    guard let own = ownCard?.content else { return ["this node has no card"] }
    var texts: [String] = []
    switch (charter.member(own.handle), charter.member(rootKey: own.rootKey)) {
    case (let member?, _) where member.rootKey != own.rootKey:
      texts.append(
        "it names ANOTHER ROOT KEY for this country, \(own.handle): \(Fingerprint(of: member.rootKey)) instead of "
          + "\(own.fingerprint)")
    case (nil, let member?): texts.append("it names this country's root key as that of \(member.handle)")
    case (nil, nil) where adoptedCharter == nil: texts.append("it does not name this country, \(own.handle)")
    default: break
    }
    for member in charter.members where member.handle != own.handle {
      if revokedRoots.contains(member.rootKey) {
        texts.append(
          "it names a root key for \(member.handle) that was revoked here: \(Fingerprint(of: member.rootKey))")
      } else if let peer = peers[member.handle], peer.state.holdsNames, peer.card.content.rootKey != member.rootKey {
        texts.append(
          "it names ANOTHER ROOT KEY for \(member.handle), \(Fingerprint(of: member.rootKey)); \(peer.fingerprint) was "
            + "compared here. Ask \(member.handle); where its root key was replaced, revoke the peer first")
      } else if let other = peer(rootKey: member.rootKey), other.handle != member.handle {
        texts.append("it names the root key of \(other.handle) as that of \(member.handle)")
      }
    }
    return texts
  }

  /// Adopts a charter, every signature of which has to verify. Those that do not count are not kept.
  mutating func adopt(_ signed: SignedCharter, despite: [CharterDigest], at time: Timestamp) throws(TrustError) {
    var charter: VerifiedCharter
    do { charter = try signed.verified() } catch { throw TrustError(error) }
    guard charter.signers.count == signed.signatures.count else {
      throw TrustError(.malformed, "a signature of the charter does not verify: it was changed after it was signed")
    }
    let countries = charter.content.rootKeys.union(predecessor(of: charter.content)?.rootKeys ?? [])
    charter = charter.keeping(countries)
    guard !despite.contains(charter.digest) else {
      throw TrustError(.malformed, "a charter is not adopted despite itself")
    }
    let judgement = judge(charter, at: time)
    guard judgement.state == .ready else {
      throw TrustError(
        judgement.state.code, "the charter is refused: " + judgement.reasons.joined(separator: "; "))
    }
    var former = adoptedCharter?.former ?? [:]
    for member in adoptedCharter?.content.members ?? [] { former[member.handle] = charter.content.serial }
    for member in charter.content.members { former[member.handle] = nil }
    adoptedCharter = AdoptedCharter(
      charter: charter, adoptedAt: time, previous: adoptedCharter?.content, former: former)
  }
}

/// What the adopted charter says of a peer.
package enum CharterNote: Equatable, Sendable {
  /// It names the peer's root key.
  case named
  /// It names another one for the peer's handle.
  case otherKey(Fingerprint)
  /// An earlier one named the peer; since the one of that serial none does.
  case left(UInt64)
  /// It never did.
  case unnamed

  /// For people.
  package var text: String {
    switch self {
    case .named: "named"
    case .otherKey(let fingerprint): "ANOTHER ROOT KEY: \(fingerprint)"
    case .left(let serial): "no longer in the charter since serial \(serial)"
    case .unnamed: "not named"
    }
  }
}

extension Registry {
  /// What the adopted charter says of a country; nil where none is adopted.
  package func charterNote(on card: NodeCard) -> CharterNote? {
    guard let adopted = adoptedCharter else { return nil }
    guard let member = adopted.content.member(card.handle) else {
      return adopted.former[card.handle].map { .left($0) } ?? .unnamed
    }
    return member.rootKey == card.rootKey ? .named : .otherKey(Fingerprint(of: member.rootKey))
  }

  /// Whether a card is that of a country which the adopted charter names, whose node is not known here: it is proposed.
  package func isProposedByCharter(_ card: NodeCard) -> Bool {
    guard charterNote(on: card) == .named, card.handle != ownCard?.content.handle else { return false }
    guard let peer = peers[card.handle] else { return true }
    return peer.state == .revoked && peer.card.content.rootKey != card.rootKey
  }
}

internal import CommandKit
package import LiaisonModel
package import LiaisonProtocol
package import LiaisonTrust
internal import TLSPresentation

/// Charters at a running node: what administrators and peers bring, and what peers are told (Protocols/charter.md).
extension TrustKeeper {
  package func charters(for peer: Handle) -> [[UInt8]] {
    charters.all.filter { !$0.charter.signers.isEmpty && countries(of: $0.charter.content).contains(peer) }
      .prefix(Limits.chartersMax).map { file(of: $0).tlsEncoded }
  }

  package func take(charters: [[UInt8]], from peer: Handle) async {
    for bytes in charters {
      do throws(Frame.Failure) {
        guard noticeLimits.admitCharter(peer, at: clock()) else {
          throw Frame.Failure(.limit, "too many charters come")
        }
        guard let file = try? CharterFile(tlsEncoded: bytes) else {
          throw Frame.Failure(.malformed, "the charter is malformed")
        }
        try await take(file, from: peer)
      } catch {
        audit?.append(
          AuditEvent(.charterRefused, who: "\(peer)", what: "a charter", why: error.text), from: .peer(peer),
          at: clock())
        guard noticeLimits.mayLog(.charter, of: peer, at: clock()) else { continue }
        logger.warning("a peer's charter was refused", metadata: ["peer": "\(peer)", "why": "\(escaped(error.text))"])
      }
    }
  }

  /// Takes a charter, or more signatures and cards of one, from a peer or, without one, from administrators; tells the
  /// other countries of what is new. Throws where it is refused.
  @discardableResult
  package func take(_ file: CharterFile, from peer: Handle?) async throws(Frame.Failure) -> CharterDigest {
    let charter = try eligible(file.charter)
    let cards = file.cards(of: charter.content)
    var kept: CharterBox.Kept
    if let known = charters[charter.digest] {
      kept = known
    } else {
      // Each link begins with the charters before the adopted one too, for who was away.
      if peer != nil, registry.judge(charter, at: clock()).state == .stale { return charter.digest }
      try admit(charter, from: peer)
      kept = CharterBox.Kept(charter: charter.keeping([]), from: peer, seenAt: clock())
    }
    if let peer, !countries(of: charter.content).contains(peer) {
      throw Frame.Failure(.notPermitted, "the peer that brought it is none of its countries")
    }
    let isNew = charters[charter.digest] == nil
    let grew = kept.take(charter, cards) || isNew
    if grew {
      keep(kept)
      if isNew { noteTaken(kept) }
    }
    await tell(of: kept, as: file, since: peer, grew: grew)
    await proposeChartered()
    return charter.digest
  }

  /// The charter with those of its signatures that verify and may count.
  private func eligible(_ signed: SignedCharter) throws(Frame.Failure) -> VerifiedCharter {
    let charter: VerifiedCharter
    do { charter = try signed.verified() } catch { throw Frame.Failure(.malformed, error.sentence) }
    return charter.keeping(signatoryKeys(of: charter.content))
  }

  /// The charter that `charter` follows, where it is known here: to know whose signatures are worth keeping. What it needs
  /// to be adopted, the registry asks of the adopted one.
  private func predecessor(of charter: Charter) -> Charter? {
    registry.predecessor(of: charter) ?? charter.origin.flatMap { charters[$0.previous]?.charter.content }
  }

  private func signatoryKeys(of charter: Charter) -> Set<RootKey> {
    charter.rootKeys.union(predecessor(of: charter)?.rootKeys ?? [])
  }

  /// Whom it concerns: its countries, and those of the one before it.
  private func countries(of charter: Charter) -> Set<Handle> {
    Set((charter.members + (predecessor(of: charter)?.members ?? [])).map(\.handle))
  }

  /// Throws where a charter that is not known yet is not to be kept.
  private func admit(_ charter: VerifiedCharter, from peer: Handle?) throws(Frame.Failure) {
    let judgement = registry.judge(charter, at: clock())
    switch judgement.state {
    case .adopted, .ready, .gathering, .forked, .conflicting: break
    case .early:
      let ahead = charter.content.serial - (registry.adoptedCharter?.content.serial ?? 0)
      guard ahead <= Limits.charterSerialsAheadMax else { fallthrough }
    case .stale, .foreign: throw Frame.Failure(.notPermitted, judgement.reasons.joined(separator: "; "))
    }
    guard let own = registry.ownCard?.content, countries(of: charter.content).contains(own.handle) else {
      throw Frame.Failure(.notPermitted, "the charter does not name this country")
    }
    if let peer {
      guard !charters.isDropped(charter.digest) else {
        throw Frame.Failure(.notPermitted, "administrators dropped this charter")
      }
      guard !charter.signers.isEmpty else { throw Frame.Failure(.notPermitted, "no country has signed the charter") }
      guard charters.all.count(where: { $0.from == peer && isOpen($0) }) < Limits.chartersPerPeerMax else {
        throw Frame.Failure(.limit, "the peer has brought \(Limits.chartersPerPeerMax) charters that are open")
      }
    }
    // Peers do not keep administrators from proposing.
    let limit = Limits.chartersMax - (peer == nil ? 0 : Limits.chartersReserved)
    guard charters.count < limit else {
      throw Frame.Failure(.limit, "\(limit) charters are known here, which is the limit: drop some")
    }
  }

  private func isOpen(_ kept: CharterBox.Kept) -> Bool {
    registry.adoptedCharter.map { kept.charter.content.serial > $0.content.serial } ?? true
  }

  private func keep(_ kept: CharterBox.Kept) {
    do { try charters.keep(kept) } catch {
      logger.warning("a charter could not be kept", metadata: ["why": "\(error)"])
    }
  }

  private func noteTaken(_ kept: CharterBox.Kept) {
    let content = kept.charter.content
    audit?.append(
      AuditEvent(
        .charterTaken, who: kept.from?.description ?? "administrators",
        what: "charter \(kept.charter.digest), serial \(content.serial)"), at: clock())
    let judgement = registry.judge(kept.charter, at: clock())
    guard judgement.state == .forked || judgement.state == .conflicting else { return }
    logger.error(
      "a charter is refused",
      metadata: [
        "charter": "\(kept.charter.digest)", "why": "\(escaped(judgement.reasons.joined(separator: "; ")))",
      ])
  }

  /// Tells the countries of a charter that has grown, and whoever brought less than is known. Only growth is told, so that
  /// it ends.
  private func tell(of kept: CharterBox.Kept, as told: CharterFile, since peer: Handle?, grew: Bool) async {
    guard !kept.charter.signers.isEmpty else { return }
    let file = file(of: kept)
    let lacks = hasMore(file, than: told, of: kept.charter.content)
    var peers = grew ? countries(of: kept.charter.content) : []
    if let peer {
      if lacks { peers.insert(peer) } else { peers.remove(peer) }
    }
    if let own = registry.ownCard?.content.handle { peers.remove(own) }
    guard !peers.isEmpty else { return }
    await node.tell(charter: file.tlsEncoded, to: peers)
  }

  /// Whether `file` has a signature or a card that `told` lacks; what that one has besides may be nothing that counts.
  private func hasMore(_ file: CharterFile, than told: CharterFile, of charter: Charter) -> Bool {
    let cards = told.cards(of: charter)
    return !Set(file.charter.signatures.map(\.rootKey)).isSubset(of: told.charter.signatures.map(\.rootKey))
      || file.cards(of: charter).contains { $1.content.serial > cards[$0]?.content.serial ?? 0 }
  }

  /// A charter with all signatures and cards that are known here, of the countries in order.
  package func file(of kept: CharterBox.Kept) -> CharterFile {
    let cards = kept.charter.content.members.compactMap { member -> Unverified<NodeCard>? in
      let known = [
        registry.ownCard, registry.peer(member.handle)?.card, kept.cards[member.handle],
      ].compactMap { $0 }.filter { $0.content.handle == member.handle && $0.content.rootKey == member.rootKey }
      return known.max { $0.content.serial < $1.content.serial }?.unverified
    }
    return CharterFile(kept.charter.signed, cards: cards)
  }
}

// MARK: Adoption

extension TrustKeeper {
  /// Charters that want the place of `charter` and are signed by enough countries as well: some country signed both.
  package func forks(of charter: VerifiedCharter) -> [VerifiedCharter] {
    guard registry.standing(of: charter).isComplete else { return [] }
    return charters.all.map(\.charter).filter {
      $0.content.competes(with: charter.content) && registry.standing(of: $0).isComplete
        && !$0.signers.isDisjoint(with: charter.signers)
    }
  }

  /// Throws where an administrator would adopt one of two charters without saying that they know of the other.
  func checkForks(of signed: SignedCharter, despite: [CharterDigest]) throws(Frame.Failure) {
    guard let charter = try? signed.verified() else { return }
    for fork in forks(of: charter) where !despite.contains(fork.digest) {
      throw Frame.Failure(
        .notPermitted,
        "the network is forked: \(charter.digest) and \(fork.digest) want the same place, and "
          + "\(Registry.both(charter, fork)) signed both. Ask them over another channel; then --despite \(fork.digest)")
    }
  }

  /// Keeps what was adopted, and forgets what is settled by it.
  func noteCharter(since before: Registry) {
    guard let adopted = registry.adoptedCharter, adopted.digest != before.adoptedCharter?.digest else { return }
    var entry =
      charters[adopted.digest]
      ?? CharterBox.Kept(charter: adopted.charter.keeping([]), from: nil, seenAt: adopted.adoptedAt)
    _ = entry.take(adopted.charter, [:])
    keep(entry)
    let kept = keptBesides
    for other in charters.all where other.charter.digest != adopted.digest {
      // What shows that a network was forked stays; so do the charters before, for who was away.
      switch registry.judge(other.charter, at: clock()).state {
      case .stale, .foreign:
        if !kept.contains(other.charter.digest) { charters.remove(other.charter.digest) }
      default: break
      }
    }
  }

  /// The charters before the adopted one, as far back as a node may be behind, and what shows that one of them was forked.
  private var keptBesides: Set<CharterDigest> {
    let earlier = earlier
    return earlier.union(
      earlier.compactMap { charters[$0] }.flatMap { forks(of: $0.charter) }.map(\.digest))
  }

  private var earlier: Set<CharterDigest> {
    var digests: Set<CharterDigest> = []
    var next = registry.adoptedCharter?.content.origin?.previous
    while let digest = next, digests.count < Int(Limits.charterSerialsAheadMax) {
      digests.insert(digest)
      next = charters[digest]?.charter.content.origin?.previous
    }
    return digests
  }

  /// Proposes those countries of the adopted charter whose cards are here and whose nodes are not known: administrators
  /// verify and activate them.
  func proposeChartered() async {
    guard lostHistory == nil, let adopted = registry.adoptedCharter, let kept = charters[adopted.digest] else { return }
    for card in kept.cards.values.sorted(by: { $0.content.handle < $1.content.handle })
    where registry.isProposedByCharter(card.content) {
      let handle = card.content.handle
      do throws(Frame.Failure) {
        do { try card.checkInForce(at: clock()) } catch { throw Frame.Failure(.malformed, error.sentence) }
        let record = try await appendOwn { position, now in
          .cardReceived(
            Signed(
              CardReceived(position: position, receivedAt: now, nodeKey: key.publicKey, card: card.unverified), by: key
            ).unverified)
        }
        audit?.append(
          AuditEvent(.cardTaken, who: "\(handle)", what: "entry \(record.sequence): \(record.summary)"), at: clock())
      } catch {
        guard noticeLimits.mayLog(.card, of: handle, at: clock()) else { continue }
        logger.warning(
          "a country of the charter could not be proposed",
          metadata: ["peer": "\(handle)", "why": "\(escaped(error.text))"])
      }
    }
  }

  /// Forgets a charter that was not adopted; peers do not bring it again. Throws where this country has signed it, since it
  /// may still gather the others' signatures.
  package func drop(_ digest: CharterDigest) throws(Frame.Failure) {
    guard let kept = charters[digest] else { throw Frame.Failure(.unknown, "there is no charter \(digest) here") }
    guard digest != registry.adoptedCharter?.digest else {
      throw Frame.Failure(.notPermitted, "the charter is adopted; another one replaces it")
    }
    if let own = registry.ownCard?.content.rootKey, kept.charter.signers.contains(own), isOpen(kept) {
      throw Frame.Failure(
        .notPermitted, "this country has signed the charter, which may still gather the others' signatures")
    }
    do { try charters.drop(digest) } catch {
      throw Frame.Failure(.unspecified, "the charter could not be dropped: \(error)")
    }
  }

  /// What is wrong with the network, in sentences.
  package var charterAlarms: [String] {
    charters.all.compactMap { kept in
      let judgement = registry.judge(kept.charter, at: clock())
      if judgement.state == .forked || judgement.state == .conflicting {
        return "charter \(kept.charter.digest): \(judgement.reasons.joined(separator: "; "))"
      }
      // Where one is adopted, the other one says it; otherwise one of the two does.
      guard judgement.state != .adopted, let fork = forks(of: kept.charter).first, kept.charter.digest < fork.digest
      else { return nil }
      return
        "two charters with serial \(kept.charter.content.serial) are signed by enough countries, "
        + "\(kept.charter.digest) and \(fork.digest): \(Registry.both(kept.charter, fork)) signed both"
    }
  }
}

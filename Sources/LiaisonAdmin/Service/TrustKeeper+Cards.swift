package import LiaisonModel
internal import LiaisonNode
package import LiaisonProtocol
package import LiaisonTrust

/// Node cards while the node runs: peers' next ones, and this node's own.
extension TrustKeeper {
  /// Takes a card that a peer shows on its link: its next one is entered, by the root key that is known and nobody's
  /// leave; with anything else that is not the known one the administrators are alarmed.
  package func shown(_ card: Unverified<NodeCard>, by handle: Handle) async {
    guard let peer = registry.peer(handle) else { return }
    let known = peer.card
    if card == known.unverified {
      cardAlarms[handle] = nil
      return
    }
    let claim = try? card.claim()
    if let claim, claim.handle == handle, claim.rootKey == known.content.rootKey,
      let signed = try? card.verified(by: claim.rootKey)
    {
      if claim.serial < known.content.serial {
        return alarm(
          handle,
          "it shows a card with serial \(claim.serial), and serial \(known.content.serial) is known: "
            + "it was restored from a backup, or is not itself")
      }
      if claim.serial == known.content.serial {
        return alarm(handle, "it shows another card than the known one with the same serial \(claim.serial)")
      }
      do { try signed.checkInForce(at: clock()) } catch { return alarm(handle, error.sentence) }
      guard noticeLimits.admit(handle, at: clock()) else { return alarm(handle, "it shows too many next cards") }
      do throws(Frame.Failure) {
        try await received(card)
        cardAlarms[handle] = nil
      } catch { alarm(handle, "its next card was not taken: \(error.text)") }
      return
    }
    alarm(
      handle,
      "it shows a card that its known root key did not sign: ask \(handle) over another channel, and suspend it")
  }

  private func alarm(_ handle: Handle, _ sentence: String) {
    // The alarm ends with the next good card; the line stays.
    audit?.append(
      AuditEvent(.cardRefused, who: "\(handle)", what: "a card that it shows on its link", why: sentence),
      from: .peer(handle), at: clock())
    let isNew = cardAlarms.updateValue(sentence, forKey: handle) != sentence
    guard isNew, noticeLimits.mayLog(.card, of: handle, at: clock()) else { return }
    logger.error("a peer shows a card that is refused", metadata: ["peer": "\(handle)", "why": "\(sentence)"])
  }

  /// The key that is ready for the next rotation.
  package var spareKey: NodeKey? { spare?.publicKey }

  /// What the root key is asked to sign as this node's next card.
  package func nextCard(
    endpoints: [Endpoint], lifetimeMilliseconds: UInt64, keys: NodeKeyChange?, serial: UInt64? = nil
  ) throws(Frame.Failure) -> Signed<NodeCardRequest> {
    guard let own = registry.ownCard?.content else { throw Frame.Failure(.unknown, "this node has no card") }
    do throws(ModelError) {
      let next = try own.next(
        keys, spare: spareKey, serial: serial, endpoints: endpoints, lifetimeMilliseconds: lifetimeMilliseconds,
        at: clock())
      return Signed(NodeCardRequest(card: next), by: key)
    } catch { throw Frame.Failure(.notPermitted, error.sentence) }
  }

  /// Who this node is once `next` is in force, where that differs; the key in use or the spare one is the first on its
  /// card.
  func identity(after next: Registry) -> NodeIdentity? {
    guard let card = next.ownCard, card != registry.ownCard else { return nil }
    return [key, spare].lazy.compactMap { $0 }.compactMap { try? NodeIdentity(card: card, key: $0) }.first
  }
}

package import LiaisonModel

extension Engine {
  /// Takes a node's card that came another way than from the own node: a next one by the known root key and, where
  /// `rootIsCompared`, another country's one by a root key that a person compared over another channel. The root key of
  /// the own country is the invitation's for ever.
  package func take(nodeCard card: Signed<NodeCard>, rootIsCompared: Bool) throws {
    try store.change { tx in
      var identity = try tx.identity()
      let handle = card.content.handle
      let isOwn = handle == identity.address.handle
      let known = try isOwn ? identity.nodeCard.verified(by: identity.rootKey) : tx.node(handle)?.verified
      if let known, known.content.rootKey == card.content.rootKey {
        guard card.content.serial > known.content.serial else {
          throw ClientError(
            .cannotCreate, "card-not-newer",
            "a card with serial \(known.content.serial) is known here, and this has \(card.content.serial)")
        }
        // Whether the own node has links with it, only the own node says.
        try tx.take(card.unverified, isActive: isOwn || tx.node(handle)?.isActive ?? true)
        guard isOwn else { return }
        identity.nodeCard = card.unverified
        return try tx.set(identity)
      }
      guard !isOwn, rootIsCompared else {
        throw ClientError(
          .notPermitted, "root-key-unknown", "the root key that is known of \(handle) did not sign this card")
      }
      try tx.save(NodeRecord(card, isActive: true), handle)
    }
  }
}

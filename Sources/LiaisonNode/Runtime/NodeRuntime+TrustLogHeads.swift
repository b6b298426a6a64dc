internal import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol

/// Who tells peers of this node's trust log, and hears from them what they have seen of it.
package protocol TrustLogWitness: Sendable {
  /// What is said to a peer when a link comes to stand; without what was seen of its log, when this one has grown.
  func heads(for peer: Handle) async -> Frame.TrustLogHeads
  /// Takes what a peer says; what is returned is the answer.
  func take(_ heads: Frame.TrustLogHeads, from peer: Handle) async -> Frame.TrustLogHeads?
}

extension NodeRuntime {
  /// Tells every linked peer that the trust log has grown. Whoever keeps an earlier head asks for the proof.
  package func trustLogGrew() async {
    for (link, known) in linksOfPeers {
      guard var heads = await witness?.heads(for: known.peer) else { return }
      heads.seen = []
      links[link]?.post([Frame(.trustLogHeads(heads))])
    }
  }

  func tellHeads(to peer: Handle, on link: Link) async {
    guard let witness else { return }
    link.post([Frame(.trustLogHeads(await witness.heads(for: peer)))])
  }

  /// The frames without those about trust logs, which are answered.
  func takingHeads(of frames: [Frame], from peer: Handle, on link: Link) async -> [Frame] {
    var rest: [Frame] = []
    for frame in frames {
      guard case .trustLogHeads(let heads) = frame.body else {
        rest.append(frame)
        continue
      }
      if let answer = await witness?.take(heads, from: peer) { link.post([Frame(.trustLogHeads(answer))]) }
    }
    return rest
  }
}

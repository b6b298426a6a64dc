internal import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol

/// Who tells peers of this node's trust log and of what was decided against others, and hears the same from them.
package protocol TrustLogWitness: Sendable {
  /// What is said to a peer when a link comes to stand; without what was seen of its log, when this one has grown.
  func heads(for peer: Handle) async -> Frame.TrustLogHeads
  /// Takes what a peer says; what is returned is the answer.
  func take(_ heads: Frame.TrustLogHeads, from peer: Handle) async -> Frame.TrustLogHeads?
  /// Takes a card that a peer shows on its link.
  func shown(_ card: Unverified<NodeCard>, by peer: Handle) async
  /// Signed notices of what was decided against others, which a peer is told first when a link comes to stand.
  func notices(for peer: Handle) async -> [[UInt8]]
  /// Takes notices that a peer gives, and returns once they have had their effect.
  func take(_ notices: [[UInt8]], from peer: Handle) async
  /// Charters with their signatures, of which a peer is told when a link comes to stand; at most 16.
  func charters(for peer: Handle) async -> [[UInt8]]
  /// Takes charters that a peer tells of.
  func take(charters: [[UInt8]], from peer: Handle) async
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

  /// The frames without those about trust, which are dealt with.
  func takingTrust(of frames: [Frame], from peer: Handle, on link: Link) async -> [Frame] {
    var rest: [Frame] = []
    for frame in frames where await !takeTrust(frame, from: peer, on: link) { rest.append(frame) }
    return rest
  }
}

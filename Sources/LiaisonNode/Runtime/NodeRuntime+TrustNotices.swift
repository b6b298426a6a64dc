internal import LiaisonLink
package import LiaisonModel
internal import LiaisonProtocol

extension NodeRuntime {
  /// Tells every linked peer but the one it is about what was decided against that one.
  package func giveNotice(_ notice: [UInt8], about subject: Handle) {
    for (link, known) in linksOfPeers where known.peer != subject {
      links[link]?.post([Frame(.trustNotices([notice]))])
    }
  }

  /// Tells a peer all that was decided against others. This comes before anything else that is sent on the link.
  func tellNotices(to peer: Handle, on link: Link) async {
    guard let witness else { return }
    let notices = await witness.notices(for: peer)
    link.post(
      stride(from: 0, to: notices.count, by: Limits.noticesPerFrameMax).map {
        Frame(.trustNotices(Array(notices[$0..<min($0 + Limits.noticesPerFrameMax, notices.count)])))
      })
  }

  /// Tells those of `peers` that are linked of a charter.
  package func tell(charter: [UInt8], to peers: Set<Handle>) {
    for (link, known) in linksOfPeers where peers.contains(known.peer) {
      links[link]?.post([Frame(.charters([charter]))])
    }
  }

  /// Tells a peer of the charters that name it.
  func tellCharters(to peer: Handle, on link: Link) async {
    guard let charters = await witness?.charters(for: peer), !charters.isEmpty else { return }
    link.post([Frame(.charters(charters))])
  }

  /// Takes a frame that is about trust and not about delivery; `false` for any other.
  func takeTrust(_ frame: Frame, from peer: Handle, on link: Link) async -> Bool {
    switch frame.body {
    case .trustLogHeads(let heads):
      if let answer = await witness?.take(heads, from: peer) { link.post([Frame(.trustLogHeads(answer))]) }
    case .nextCard(let card): await witness?.shown(card, by: peer)
    case .trustNotices(let notices): await witness?.take(notices, from: peer)
    case .charters(let charters): await witness?.take(charters: charters, from: peer)
    default: return false
    }
    return true
  }
}

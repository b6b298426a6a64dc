internal import LiaisonModel
internal import LiaisonProtocol

/// Carrying for two peers what they have for one another. Only what came on a link of the one goes on, and only onto a link
/// of the other: what was carried is never carried further.
extension Batch {
  mutating func carry(_ part: [UInt8], from sender: Handle, to peer: Handle, on link: LinkID) {
    do throws(Frame.Failure) {
      guard !LinkID.isTunnel(link), link != .bundle, peer != handle, peer != sender else {
        throw .malformed("nothing is carried that way")
      }
      // One answer for whom this node does not know, does not serve, and does not reach.
      let away = Frame.Failure.unavailable("\(peer) cannot be reached from here now")
      try permit(.carrying, with: sender)
      guard peers.isActive(peer), (try? permit(.carrying, with: peer)) != nil,
        let road = memory.links.peers[peer]?.link, !LinkID.isTunnel(road)
      else { throw away }
      let isIdle = memory.tunnels.isIdle(road)
      guard memory.tunnels.mayCarry(part.count, for: sender, on: road, at: now) else {
        throw .limit("too much is carried for this node at once; send it again later")
      }
      tally.count(.carried, of: sender)
      send(Frame(.carried(from: sender, part: part)), on: road)
      if isIdle { outputs.append(.watch(road)) }
    } catch { send(Frame(.notCarried(to: peer, error)), on: link) }
  }
}

internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// Tunnels to peers that there is no link to, through a third node that both policies name.
extension Batch {
  /// Asks for tunnels to those whom nothing else leads to.
  mutating func beginTunnels() throws {
    for peer in peers.active where peer != handle && peers.takesLinks(of: peer) {
      guard let carrier = peers[peer]?.policy.via, memory.links.peers[peer] == nil,
        let road = road(through: carrier)
      else {
        memory.tunnels.nextAt[peer] = nil
        if memory.tunnels.open[peer]?.link == nil { memory.tunnels.open[peer] = nil }
        continue
      }
      if let tunnel = memory.tunnels.open[peer],
        now < tunnel.begunAt.adding(milliseconds: Limits.tunnelMilliseconds)
      {
        continue
      }
      if let at = memory.tunnels.nextAt[peer], now < at { continue }
      memory.tunnels.nextAt[peer] = now.adding(milliseconds: Limits.tunnelMilliseconds)
      let tunnel = newTunnel(through: carrier, road)
      memory.tunnels.open[peer] = tunnel
      send(.ask(tunnel.own, bundleKeyStatement), to: peer, on: road)
    }
  }

  /// The link to an active peer itself, over which it can carry.
  private func road(through carrier: Handle) -> LinkID? {
    guard peers.isActive(carrier), let link = memory.links.peers[carrier]?.link, !LinkID.isTunnel(link) else {
      return nil
    }
    return link
  }

  private mutating func newTunnel(through carrier: Handle, _ road: LinkID) -> Tunnel {
    Tunnel(carrier: carrier, road: road, own: BundleIdentifier(using: &random), begunAt: now)
  }

  private var bundleKeyStatement: Unverified<BundleKey> {
    BundleSecret(of: identity.key).statement(of: handle, at: now, by: identity.key).unverified
  }

  private mutating func send(_ part: RelayPart, to peer: Handle, on road: LinkID) {
    outputs.append(.send(road, Frame(.carry(to: peer, part: part.tlsEncoded))))
  }

  /// Something that a third node carried here. It is believed for nothing but having carried it.
  mutating func take(carried bytes: [UInt8], of peer: Handle, by carrier: Handle, on road: LinkID) throws {
    guard peers.takesLinks(of: peer), peers[peer]?.policy.via == carrier, !LinkID.isTunnel(road), road != .bundle
    else {
      return complain(of: carrier, "the peer carries for another one, which its policy does not say")
    }
    // A link is better, and the other side will see that it stands.
    if let link = memory.links.peers[peer]?.link, !LinkID.isTunnel(link) { return }
    guard let part = try? RelayPart(tlsEncoded: bytes) else {
      return complain(of: carrier, "what the peer carried for another one is malformed")
    }
    switch part {
    case .ask(let other, let key): try asked(other, key, by: peer, through: carrier, road)
    case .open(let other, let key, let header): try opened(other, key, header, by: peer, road)
    case .segment(let segment): try take(segment: segment, of: peer, through: carrier, road)
    }
  }

  private mutating func asked(
    _ other: BundleIdentifier, _ key: Unverified<BundleKey>, by peer: Handle, through carrier: Handle, _ road: LinkID
  ) throws {
    guard memory.tunnels.mayAsk(peer, at: now) else { return }
    try take(key, from: peer)
    // One that was begun here too, and is not answered yet, is the same one.
    let isPending = memory.tunnels.open[peer].map { $0.opener == nil && $0.sealer == nil && $0.road == road } ?? false
    if !isPending {
      endTunnel(to: peer, because: "the other side begins anew")
      memory.tunnels.open[peer] = newTunnel(through: carrier, road)
    }
    try openTunnel(to: peer, under: other)
  }

  /// Begins to seal for a peer, and says so.
  private mutating func openTunnel(to peer: Handle, under other: BundleIdentifier) throws {
    guard let tunnel = memory.tunnels.open[peer], let key = try bundleKey(of: peer)?.content else { return }
    guard let sealer = try? BundleSealer(to: key, from: handle, bundle: other, madeAt: now, for: .relay) else { return }
    memory.tunnels.open[peer]?.sealer = (sealer, other)
    let header = Signed(RelayHeader(sealer.header), by: identity.key).unverified
    send(.open(tunnel.own, bundleKeyStatement, header), to: peer, on: tunnel.road)
  }

  private mutating func opened(
    _ other: BundleIdentifier, _ key: Unverified<BundleKey>, _ unverified: Unverified<RelayHeader>, by peer: Handle,
    _ road: LinkID
  ) throws {
    guard let tunnel = memory.tunnels.open[peer], tunnel.road == road, tunnel.opener == nil,
      let card = peers[peer]?.card
    else { return }
    guard let header = try? unverified.verified(by: card).content.header, header.to == handle,
      header.bundle == tunnel.own,
      let opener = try? BundleOpener(header, by: BundleSecret(of: identity.key), for: .relay)
    else {
      return complain(of: tunnel.carrier, "what the peer carried for another one does not verify, or is of before")
    }
    try take(key, from: peer)
    memory.tunnels.open[peer]?.opener = opener
    memory.tunnels.open[peer]?.signer = card.content.nodeKeys.first { (try? unverified.verified(by: $0)) != nil }
    if tunnel.sealer?.other != other { try openTunnel(to: peer, under: other) }
    guard memory.tunnels.open[peer]?.sealer != nil else { return }
    try stand(to: peer, through: tunnel.carrier)
  }

  /// Both directions are open: from now on it is a link like another.
  private mutating func stand(to peer: Handle, through carrier: Handle) throws {
    let link = memory.tunnels.nextLink()
    memory.tunnels.open[peer]?.link = link
    memory.tunnels.nextAt[peer] = nil
    log(.info, peer: peer, "there is a way through \(carrier)")
    memory.links.insert(
      link, Links.Peer(link: link, isDialledHere: handle < peer, openedAt: now, clockDifferenceMilliseconds: 0),
      of: peer)
    try reached(peer, on: link)
  }

  private mutating func take(segment: [UInt8], of peer: Handle, through carrier: Handle, _ road: LinkID) throws {
    guard let tunnel = memory.tunnels.open[peer], tunnel.road == road, let link = tunnel.link,
      var opener = tunnel.opener
    else {
      // The other side takes an old one for standing.
      if memory.tunnels.open[peer] == nil { memory.tunnels.nextAt[peer] = nil }
      return
    }
    guard let plain = try? opener.open(segment), let records = try? BundleRecord.all(in: plain) else {
      complain(of: carrier, "what the peer carries for another one was lost, repeated, reordered or changed on the way")
      return endTunnel(to: peer, because: "something was lost or changed on the way through \(carrier)")
    }
    memory.tunnels.open[peer]?.opener = opener
    for record in records {
      guard let frame = try? Frame(encoded: record.frame) else {
        return close(link, .malformed("a frame is not of the protocol"))
      }
      try take(frame, from: link)
    }
  }

  /// A third node did not hand something on.
  mutating func takeNotCarried(to peer: Handle, _ failure: Frame.Failure, by carrier: Handle) {
    guard let tunnel = memory.tunnels.open[peer], tunnel.carrier == carrier else { return }
    memory.troubles[peer] = Memory.Trouble(text: "\(carrier) carries nothing to it: \(failure.text)", at: now)
    endTunnel(to: peer, because: "\(carrier) does not carry it: \(failure.text)")
    memory.tunnels.nextAt[peer] = now.adding(milliseconds: Limits.tunnelMilliseconds)
  }

  /// Forgets a tunnel; another one is begun when it is due.
  mutating func endTunnel(to peer: Handle, because reason: String) {
    guard let tunnel = memory.tunnels.open.removeValue(forKey: peer) else { return }
    guard let link = tunnel.link else { return }
    log(.info, peer: peer, "the way through \(tunnel.carrier) ended")
    memory.lost(link, because: reason, now: now, random: &random)
  }

  /// Ends tunnels that the policy or their third node does not bear any more.
  mutating func endTunnelsOfOthers() {
    for (peer, tunnel) in memory.tunnels.open.sorted(by: { $0.key < $1.key })
    where !peers.takesLinks(of: peer) || peers[peer]?.policy.via != tunnel.carrier || !peers.isActive(tunnel.carrier)
      || tunnel.signer.map({ peers[peer]?.card.content.nodeKeys.contains($0) != true }) ?? false
    {
      endTunnel(to: peer, because: "the policy, or the peer's key, has changed")
    }
    memory.tunnels.nextAt = memory.tunnels.nextAt.filter { peers.takesLinks(of: $0.key) }
  }

  /// Seals what this batch sends through tunnels: the last step, since what is sealed has its place in an order.
  mutating func sealTunnels() throws {
    guard outputs.contains(where: { $0.isOnTunnel }) else { return }
    var rest: [Output] = []
    var frames: [Handle: [[UInt8]]] = [:]
    for output in outputs {
      switch output {
      case .send(let link, let frame) where LinkID.isTunnel(link):
        if let peer = memory.tunnels.peer(of: link) {
          frames[peer, default: []].append(BundleRecord(frame: frame.encoded).tlsEncoded)
        }
      // The other side finds out when it sends something.
      case .close(let link, _) where LinkID.isTunnel(link): break
      case .watch(let link) where LinkID.isTunnel(link):
        if let peer = memory.tunnels.peer(of: link), let road = memory.tunnels.open[peer]?.road {
          rest.append(.watch(road))
        }
      default: rest.append(output)
      }
    }
    outputs = rest
    for (peer, records) in frames.sorted(by: { $0.key < $1.key }) {
      var segment: [UInt8] = []
      var count = 0
      // One that no frame takes was never to be carried.
      for record in records where record.count <= Limits.bundlePartBytesMax - 64 {
        if count == Limits.bundleRecordsMax
          || count > 0 && segment.count + record.count > Limits.bundleSegmentBytes
        {
          seal(segment, to: peer)
          (segment, count) = ([], 0)
        }
        segment += record
        count += 1
      }
      if !segment.isEmpty { seal(segment, to: peer) }
    }
  }

  private mutating func seal(_ segment: [UInt8], to peer: Handle) {
    guard let tunnel = memory.tunnels.open[peer], var sealer = tunnel.sealer,
      let sealed = try? sealer.seal.seal(segment)
    else { return }
    memory.tunnels.open[peer]?.sealer = sealer
    send(.segment(sealed), to: peer, on: tunnel.road)
  }
}

extension Output {
  fileprivate var isOnTunnel: Bool {
    switch self {
    case .send(let link, _), .close(let link, _), .watch(let link): LinkID.isTunnel(link)
    case .dial, .answer, .event, .tally, .storeFailed: false
    }
  }
}

internal import LiaisonModel
internal import LiaisonProtocol

/// Requests of devices that another node answers.
extension Batch {
  /// Passes a request on to a peer. Its answer, or a failure in time, comes back to the device.
  mutating func relay(
    _ body: Frame.Body, _ kind: Relays.Kind, to peer: Handle, for request: UInt64, on link: LinkID
  ) throws {
    guard peers.isActive(peer) else { throw Frame.Failure.unknown("\(peer) is not an active peer of this node") }
    switch kind {
    case .keyPackages, .member, .role: try permit(.directory, with: peer)
    case .hubCommit, .directory, .directoryContinuation, .heads: break
    }
    guard let peerLink = memory.links.peers[peer]?.link else {
      // Where bundles never went, and a link is only down, nothing is to pile up for one.
      var isForBundles = try !peers.takesLinks(of: peer) || store.bundleExchange(with: peer).isUsed
      if case .directoryContinuation = kind { isForBundles = false }
      guard isForBundles else { throw Frame.Failure.unavailable("\(peer) cannot be reached now") }
      return answer(request, try answerFromBundles(body, kind, of: peer), on: link)
    }
    guard memory.relays.count(asker: link) < Limits.pendingRequestsMax else {
      throw Frame.Failure.limit("too many requests of this device wait for other nodes")
    }
    let number = memory.relays.insert(
      Relays.Relay(
        peer: peerLink, kind: kind, asker: link, request: request,
        expiresAt: now.adding(milliseconds: Limits.relayMillisecondsMax)))
    send(Frame(request: number, body), on: peerLink)
  }

  /// A peer's answer goes to the device that asked.
  mutating func relayAnswer(_ frame: Frame, from peer: Handle, _ link: LinkID) throws {
    if !LinkID.isTunnel(link), try take(answerToComCheck: frame, from: peer) { return }
    guard memory.relays.wasUsed(frame.request) else { throw Violation("an answer to what nobody asked") }
    // One that was given up meanwhile has been answered already.
    guard let relay = memory.relays.take(frame.request, from: link) else { return }
    if case .heads(let handle, let lesser, let greater) = relay.kind {
      return try take(frame.body, about: lesser, greater, of: handle)
    }
    let body: Frame.Body
    switch (relay.kind, frame.body) {
    case (.directory, .failure(let failure)): return endPull(of: peer, isPassing: failure.reason == .later)
    case (.directory, .directoryAnswer(let page)): return try take(page, ofDirectoryOf: peer, on: link)
    case (_, .failure): body = frame.body
    case (.hubCommit, .hubAnswer): body = frame.body
    case (.keyPackages, .keyPackages(let packages)) where packages.count <= Limits.devicesPerMemberMax:
      body = frame.body
    case (.member(let address), .directoryAnswer(let answer)): body = try proven(answer, of: address)
    case (.directoryContinuation, .directoryContinuation): body = frame.body
    case (.role(let address), .dutyAnswer(let duties)): body = .dutyAnswer(role(address, in: duties))
    // A node that knows of no duty roles answers for the member, of whom a role has none.
    case (.role, .directoryAnswer): body = .dutyAnswer(Frame.Duties())
    default: throw Violation("an answer of another kind than was asked for")
    }
    answer(relay.request, body, on: relay.asker)
  }

  /// Tells those who asked what nobody will answer any more.
  mutating func giveUpLostRelays() throws {
    let owners = memory.links.owners
    for relay in memory.relays.takeLost(at: now, isOpen: { owners[$0] != nil }) {
      switch relay.kind {
      case .directory(let peer):
        endPull(of: peer, isPassing: true)
        continue
      case .heads(let handle, _, _):
        try noteUnanswered(handle)
        continue
      default: break
      }
      answer(relay.request, .failure(.unavailable("the other node did not answer")), on: relay.asker)
    }
  }
}

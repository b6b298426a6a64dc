internal import LiaisonModel
internal import LiaisonProtocol

/// Communication checks of peers, which this node's duty officer is asked to acknowledge (comcheck.md).
extension Batch {
  /// A peer's check. The same once more gets the same receipt.
  mutating func take(
    _ unverified: Unverified<ComCheck>, for role: Address, from peer: Handle, on link: LinkID, _ request: UInt64
  ) throws {
    try permit(.directory, with: peer)
    guard let nodeCard = peers[peer]?.card, let check = try? unverified.verified(by: nodeCard).content else {
      throw Frame.Failure.malformed("the communication check is not signed by the node that brings it")
    }
    try permit(.message(check.precedence), with: peer)
    guard role == ComCheck.role(at: handle) else {
      throw Frame.Failure.unknown("a communication check asks \(ComCheck.role(at: handle))")
    }
    if let held = try store.heldComCheck(unverified.name, of: peer), held.check == unverified {
      return answer(request, .comCheckReceipt(held.receipt), on: link)
    }
    guard now < end(of: check) else { throw Frame.Failure.notPermitted("the communication check is over") }
    guard own(check.startedAt, of: peer) <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw Frame.Failure.notPermitted("the communication check is dated in the future")
    }
    let open = try store.heldComChecks(at: now).count { $0.content.origin == peer }
    let since = now.subtracting(milliseconds: Limits.peerCheckIntervalMilliseconds)
    let last = try store.lastComCheck(of: peer, in: since...now)
    guard open < Limits.openChecksMax, last == nil else {
      throw Frame.Failure.limit("too many communication checks of \(peer)")
    }
    answer(request, .comCheckReceipt(try hold(unverified, check)), on: link)
  }

  /// A moment of a peer's clock by this node's own, as their Hellos differed when the link came to stand.
  private func own(_ time: Timestamp, of peer: Handle) -> Timestamp {
    let difference = memory.links.peers[peer]?.clockDifferenceMilliseconds ?? 0
    return difference < 0
      ? time.adding(milliseconds: difference.magnitude) : time.subtracting(milliseconds: difference.magnitude)
  }

  /// When a check that comes now is over, by this node's clock: no later than if it had been released now.
  private func end(of check: ComCheck) -> Timestamp {
    min(
      own(check.answerBy, of: check.origin),
      now.adding(milliseconds: check.answerBy.milliseconds - check.startedAt.milliseconds))
  }

  /// The duty officer's role as a check's origin may know of it; nil where it may not look up everybody whom it names.
  private func officer(for origin: Handle, atAnyHour: Bool = false) throws -> RoleRecord? {
    guard let role = try standingRole(ComCheck.role(at: handle)),
      try isFound(role.content, by: origin, atAnyHour: atAnyHour)
    else { return nil }
    return role
  }

  /// Keeps a check that was verified, and asks whoever acts for the role. Gives what shows that this node holds it.
  mutating func hold(_ unverified: Unverified<ComCheck>, _ check: ComCheck) throws -> Unverified<ComCheckReceipt> {
    let acting = try officer(for: check.origin)?.content.duty.acting
    let receipt = Signed(
      ComCheckReceipt(
        checkDigest: unverified.digest, holder: handle, standing: acting?.standing ?? .vacant, heldAt: now),
      by: identity.key
    ).unverified
    try store.save(
      HeldComCheck(check: unverified, content: check, receipt: receipt, heldAt: now, endsAt: end(of: check)))
    try tellDuties(to: Set(acting?.people ?? []))
    return receipt
  }

  /// The checks that a member is asked to acknowledge: where they act for the role, and nobody has yet.
  func comChecksToAnswer(by member: Address) throws -> [Unverified<ComCheck>] {
    guard let role = try standingRole(ComCheck.role(at: handle)), role.content.duty.acting.people.contains(member)
    else { return [] }
    return try store.heldComChecks(at: now)
      .filter { try $0.answer == nil && isFound(role.content, by: $0.content.origin) }
      .prefix(Limits.rolesMax).map(\.check)
  }

  /// A device brings its member's acknowledgement of a check.
  mutating func take(
    _ unverified: Unverified<ComCheckAnswer>, by device: DeviceIdentifier, of member: Address
  ) throws {
    let answer = try signed(unverified, by: device).content
    guard let memberCard = try store.member(member)?.card,
      var held = try store.heldComChecks(at: now).first(where: { $0.check.digest == answer.checkDigest })
    else {
      throw Frame.Failure.unknown("there is no such communication check, or it is over")
    }
    let address = ComCheck.role(at: handle)
    guard answer.role == address, let role = try officer(for: held.content.origin, atAnyHour: true),
      role.content.duty.acting.people.contains(member)
    else { throw Self.notHeld(address) }
    // The first counts; whoever says it again, or as a colleague, has done no wrong.
    guard held.answer == nil else { return }
    let proven = ProvenAnswer(answer: unverified, memberCard: memberCard, roleCard: role.card)
    held.answer = proven
    if held.content.origin == handle {
      try count(proven, from: handle)
      held.isConfirmed = true
    }
    try store.save(held)
    if !held.isConfirmed { try sendAnswer(of: held, to: held.content.origin) }
    try tellDuties(to: Set(role.content.duty.acting.people))
  }

  mutating func sendAnswer(of check: HeldComCheck, to origin: Handle) throws {
    // Its policy may be another one by now; that its hours have ended takes back no question that came in them.
    guard let answer = check.answer, let link = memory.links.peers[origin]?.link, !LinkID.isTunnel(link),
      let role = try? answer.roleCard.claim(), try isFound(role, by: origin, atAnyHour: true)
    else { return }
    send(Frame(.comCheckAnswer(answer)), on: link)
  }

  /// The origin has the answer, or wants it no longer.
  mutating func takeComCheckTaken(_ check: ComCheckIdentifier, by peer: Handle) throws {
    guard var held = try store.heldComCheck(check, of: peer), held.answer != nil else { return }
    held.isConfirmed = true
    try store.save(held)
  }
}

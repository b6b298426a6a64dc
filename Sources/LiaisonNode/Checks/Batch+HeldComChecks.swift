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
    if let held = try store.heldComCheck(check.identifier, of: peer) {
      guard held.check == unverified else { throw Frame.Failure.conflict("there is another check of this name") }
      return answer(request, .comCheckReceipt(held.receipt), on: link)
    }
    guard now < check.answerBy else { throw Frame.Failure.notPermitted("the communication check is over") }
    guard check.startedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw Frame.Failure.notPermitted("the communication check is dated in the future")
    }
    let open = try store.heldComChecks(at: now).count { $0.content.origin == peer }
    let since = now.subtracting(milliseconds: Limits.peerCheckIntervalMilliseconds)
    let last = try store.lastComCheck(of: peer, since: since)
    guard open < Limits.openChecksMax, last == nil else {
      throw Frame.Failure.limit("too many communication checks of \(peer)")
    }
    answer(request, .comCheckReceipt(try hold(unverified, check)), on: link)
  }

  /// Keeps a check that was verified, and asks whoever acts for the role. Gives what shows that this node holds it.
  mutating func hold(_ unverified: Unverified<ComCheck>, _ check: ComCheck) throws -> Unverified<ComCheckReceipt> {
    let acting = try standingRole(ComCheck.role(at: handle))?.content.duty.acting
    let receipt = Signed(
      ComCheckReceipt(
        checkDigest: unverified.digest, holder: handle, standing: acting?.standing ?? .vacant, heldAt: now),
      by: identity.key
    ).unverified
    try store.save(HeldComCheck(check: unverified, content: check, receipt: receipt, heldAt: now))
    try tellDuties(to: Set(acting?.people ?? []))
    return receipt
  }

  /// The checks that a member is asked to acknowledge: where they act for the role, and nobody has yet.
  func comChecksToAnswer(by member: Address) throws -> [Unverified<ComCheck>] {
    guard let role = try standingRole(ComCheck.role(at: handle)), role.content.duty.acting.people.contains(member)
    else { return [] }
    return try store.heldComChecks(at: now).filter { $0.answer == nil }.prefix(Limits.rolesMax).map(\.check)
  }

  /// A device brings its member's acknowledgement of a check.
  mutating func take(
    _ unverified: Unverified<ComCheckAnswer>, by device: DeviceIdentifier, of member: Address
  ) throws {
    guard let key = try store.device(device)?.signatureKey, let answer = try? unverified.verified(by: key).content,
      answer.device == device, answer.person == member, let memberCard = try store.member(member)?.card
    else { throw Frame.Failure.malformed("the answer is not signed by the device that brings it") }
    guard var held = try store.heldComChecks(at: now).first(where: { $0.check.digest == answer.checkDigest }) else {
      throw Frame.Failure.unknown("there is no such communication check, or it is over")
    }
    let address = ComCheck.role(at: handle)
    guard answer.role == address, let role = try standingRole(address),
      role.content.duty.acting.people.contains(member)
    else { throw Self.notHeld(address) }
    // The first counts; whoever says it again, or as a colleague, has done no wrong.
    guard held.answer == nil else { return }
    let proven = ProvenAnswer(answer: unverified, memberCard: memberCard, roleCard: role.card)
    held.answer = proven
    held.isConfirmed = held.content.origin == handle
    try store.save(held)
    if held.isConfirmed { try take(proven, from: handle) } else { sendAnswer(of: held, to: held.content.origin) }
    try tellDuties(to: Set(role.content.duty.acting.people))
  }

  mutating func sendAnswer(of check: HeldComCheck, to origin: Handle) {
    guard let answer = check.answer, let link = memory.links.peers[origin]?.link, !LinkID.isTunnel(link) else { return }
    send(Frame(.comCheckAnswer(answer)), on: link)
  }

  /// The origin has the answer, or wants it no longer.
  mutating func takeComCheckTaken(_ check: ComCheckIdentifier, by peer: Handle) throws {
    guard var held = try store.heldComCheck(check, of: peer), held.answer != nil else { return }
    held.isConfirmed = true
    try store.save(held)
  }
}

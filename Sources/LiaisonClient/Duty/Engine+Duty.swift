package import LiaisonModel
package import LiaisonProtocol

extension Engine {
  /// What is known of the role of this address.
  package func role(_ address: Address) throws -> KnownRole? { try store.read { try $0.role(address) } }

  /// Every role that this device knows, by address.
  package func roles() throws -> [KnownRole] {
    try store.read { try $0.roles() }.sorted { $0.current.address < $1.current.address }
  }

  /// What waits for this member, as the node said last: offers that stand, and checks that verify and are not over.
  package func waitingDuties(now: Timestamp) throws -> (offers: [DutyOffer], checks: [Signed<ComCheck>]) {
    try store.read { tx in
      let waiting = try tx.waitingDuties()
      let checks = try waiting.checks.compactMap { unverified -> Signed<ComCheck>? in
        guard let claim = try? unverified.claim(), let node = try tx.node(claim.origin)?.verified else { return nil }
        return try? unverified.verified(by: node)
      }
      return (
        waiting.offers.compactMap { try? $0.claim() }.filter { now < $0.expiresAt },
        checks.filter { now < $0.content.answerBy }
      )
    }
  }

  /// How the role of a card came to who holds it. Both signatures are checked by the two members' cards.
  package func origin(of card: RoleCard) throws -> DutyOrigin {
    let claimed = card.claimedOrigin
    guard case .unverified(let from, let to) = claimed, let giver = try contact(from)?.card,
      let taker = try contact(to)?.card,
      let verified = try? card.handOver?.verified(from: giver.devices, to: taker.devices)
    else { return claimed }
    return .handedOver(from: from, to: to, at: verified.acceptedAt)
  }

  /// Takes what the node says of roles; `isOwn` where it is all there is for this member.
  package func take(_ duties: Frame.Duties, isOwn: Bool, now: Timestamp) throws {
    try change(now: now) { try $0.take(duties, isOwn: isOwn) }
  }

  /// Whether something goes over with a role, or its present holders are being added to a room.
  package var handsOver: Bool {
    get throws {
      try store.read { tx in
        try tx.rooms().contains { record in
          guard record.duty != nil, [.active, .establishing].contains(record.state) else { return false }
          return try tx.intents(record.room).contains { $0.state != .failed }
        }
      }
    }
  }

  // MARK: What a holder does

  /// Offers a role that this member holds to another one, signed.
  package func offer(_ role: Address, to other: Address, now: Timestamp) throws -> Frame.DutyChange {
    let identity = try identity
    guard let known = try self.role(role) else { throw Self.unknownRole(role) }
    let offer = DutyOffer(
      role: role, from: identity.address, device: identity.device, to: other, serial: known.current.serial,
      offeredAt: now, expiresAt: now.adding(milliseconds: Limits.dutyOfferMillisecondsMax))
    return .offer(Signed(offer, by: identity.signatureKey).unverified)
  }

  /// Accepts the hand-over of a role that was offered to this member, signed.
  package func acceptance(of role: Address, now: Timestamp) throws -> Frame.DutyChange {
    let identity = try identity
    let offers = try store.read { try $0.waitingDuties().offers }
    guard
      let offer = offers.first(where: { offer in
        guard let claim = try? offer.claim() else { return false }
        return claim.role == role && claim.to == identity.address && now < claim.expiresAt
      })
    else { throw ClientError(.noInput, "offer-unknown", "nobody has offered you \(role)") }
    let acceptance = DutyAcceptance(of: offer, device: identity.device, acceptedAt: now)
    return .acceptance(Signed(acceptance, by: identity.signatureKey).unverified)
  }

  /// Acknowledges a communication check that waits, as this person and for the duty officer's role, signed.
  package func answer(to check: Signed<ComCheck>, now: Timestamp) throws -> Frame.DutyChange {
    let identity = try identity
    let answer = ComCheckAnswer(
      checkDigest: check.unverified.digest, role: ComCheck.role(at: identity.address.handle), person: identity.address,
      device: identity.device, answeredAt: now)
    return .answer(Signed(answer, by: identity.signatureKey).unverified)
  }

  // MARK: Writing to a role

  /// The room in which this member writes to a role; made where there is none. Those who act for the role now are in it, or
  /// are being added, and those who did are being removed.
  package func roomOf(role address: Address, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      guard let role = try step.tx.role(address) else { throw Self.unknownRole(address) }
      guard role.current.isInForce(at: now) else {
        throw ClientError(
          .unavailable, "role-expired",
          "what this machine knows of \(address) has expired, and its node was not reached")
      }
      let people = role.current.duty.acting.people
      guard !people.isEmpty else {
        throw ClientError(
          .unavailable, "role-vacant",
          "\(address) has no holder, no alternate and no contact point: nobody would read it")
      }
      guard people != [step.identity.address] else {
        throw ClientError(.usage, "role-own", "you hold \(address) yourself")
      }
      let candidates = try step.tx.rooms().filter {
        $0.duty?.role == address && $0.duty?.correspondent == step.identity.address && $0.successor == nil
          && ($0.state == .active || $0.state == .establishing)
      }
      let readers = Set(people).union([step.identity.address])
      for record in candidates.sorted(by: { $0.room.description < $1.room.description }) {
        let before = try step.group(record.room)?.addresses ?? []
        // Others of the role's country are removed first; who else is there would read what is for the role.
        guard before.allSatisfy({ readers.contains($0) || $0.handle == address.handle }) else { continue }
        try step.follow(record, isWriting: true)
        let planned = try step.tx.intents(record.room).filter { $0.state != .failed }
        let added = planned.compactMap { if case .add(let person, _) = $0.action { person } else { nil } }
        guard readers.isSuperset(of: added) else { continue }
        return RoomRequest(room: record.room, intents: planned.filter(\.isAdd).map(\.identifier))
      }
      let request = try step.createRoom(title: "", members: people)
      guard var record = try step.tx.room(request.room) else { throw ClientError.damagedStore }
      let serial = role.current.serial
      record.duty = RoomDuty(
        role: address, correspondent: step.identity.address, told: serial, handled: serial, since: 0)
      try step.tx.save(record)
      let note = RoleRoom(roleCard: role.card, correspondent: step.identity.address)
      _ = try step.send(Draft(.duty(note), marking: .red), to: request.room)
      return request
    }
  }

  private static func unknownRole(_ role: Address) -> ClientError {
    ClientError(.noInput, "role-unknown", "there is no duty role \(role), or it was not looked up")
  }
}

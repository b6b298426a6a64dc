package import LiaisonModel
package import LiaisonProtocol

/// A vouch as a person is shown it.
package struct ShownVouch: Sendable, Equatable {
  package let vouch: Vouch
  package let standing: VouchStanding
}

extension Engine {
  /// This member's word for the person at an address and the keys that are known of them, signed, for the node.
  package func makeVouch(
    for subject: Address, _ kind: Vouch.Kind, lifetimeMilliseconds: UInt64, now: Timestamp
  ) throws -> Unverified<Vouch> {
    try store.read { tx in
      let identity = try tx.identity()
      guard subject != identity.address else {
        throw ClientError(.usage, "vouch-self", "vouch for somebody other than yourself")
      }
      guard let contact = try tx.verifiedContact(subject), let node = try tx.node(subject.handle) else {
        throw ClientError(.noInput, "contact-unknown", "no card of \(subject) is known that a known node vouches for")
      }
      guard !contact.rootKeyRefused else {
        throw ClientError(
          .notPermitted, "root-key-refused",
          "the country of \(subject) showed another root key than before; tell your contact point before you vouch for anybody "
            + "there")
      }
      guard contact.isCountryActive else {
        throw ClientError(
          .notPermitted, "country-not-active", "your country exchanges nothing with that of \(subject) now")
      }
      guard contact.unlistedSince == nil, contact.card.isInForce(at: now) else {
        throw ClientError(.notPermitted, "contact-ended", "the card of \(subject) is not in force any more")
      }
      if case .changed = contact.confirmation {
        throw ClientError(
          .notPermitted, "keys-changed",
          "the keys of \(subject) are not those that you confirmed; compare again with: liaison verify \(subject)")
      }
      guard !contact.card.devices.isEmpty else {
        throw ClientError(.noInput, "contact-without-keys", "\(subject) has no machine, and so no keys to vouch for")
      }
      let vouch = try Vouch(
        identifier: VouchIdentifier(bytes: random(16)), voucher: identity.address, device: identity.device,
        subject: subject, rootKey: node.rootKey, signatureKeys: contact.card.devices.map(\.signatureKey), kind: kind,
        madeAt: now, expiresAt: now.adding(milliseconds: lifetimeMilliseconds))
      return Signed(vouch, by: identity.signatureKey).unverified
    }
  }

  /// Takes back one of this member's vouches, which at least four digits of its identifier name. For the node.
  package func revokeVouch(_ digits: String, now: Timestamp) throws -> Unverified<VouchRevocation> {
    try store.read { tx in
      let identity = try tx.identity()
      let own = try tx.vouches().filter { record in
        record.voucher == identity.address && record.revocation == nil && record.vouch != nil && now < record.expiresAt
          && record.identifier.description.hasPrefix(digits)
      }
      guard let record = own.first, own.count == 1 else {
        throw ClientError(
          .noInput, "vouch-unknown",
          "\(digits) names no vouch of yours that stands, or more than one; see: liaison vouch list")
      }
      let revocation = try VouchRevocation(
        identifier: record.identifier, voucher: identity.address, device: identity.device, expiresAt: record.expiresAt,
        revokedAt: now)
      return Signed(revocation, by: identity.signatureKey).unverified
    }
  }

  /// Every vouch that this device has seen, and how it stands; in the order in which they were made.
  package func vouches(now: Timestamp) throws -> [ShownVouch] {
    try store.read { tx in
      var cards: [Address: MemberCard?] = [:]
      func card(_ address: Address) throws -> MemberCard? {
        if let known = cards[address] { return known }
        // Who is of a country that is not active has nobody's word for anything.
        let card = try tx.node(address.handle)?.isActive ?? false ? try tx.verifiedCard(address, at: now) : nil
        cards[address] = .some(card)
        return card
      }
      return try tx.vouches().compactMap { record -> ShownVouch? in
        guard let unverified = record.vouch, let vouch = try? unverified.claim() else { return nil }
        let standing = unverified.standing(
          voucher: try card(vouch.voucher), subject: try card(vouch.subject),
          rootKey: try tx.node(vouch.subject.handle)?.rootKey, isRevoked: record.revocation != nil, at: now)
        return ShownVouch(vouch: vouch, standing: standing)
      }.sorted {
        ($0.vouch.madeAt, $0.vouch.identifier.description) < ($1.vouch.madeAt, $1.vouch.identifier.description)
      }
    }
  }

  /// Ways from this member to a person over vouches that count, the shortest first; and, apart, vouches about the person
  /// that do not.
  package func vouchPaths(to address: Address, now: Timestamp) throws -> (paths: [[Vouch]], others: [ShownVouch]) {
    let own = try identity.address
    let all = try vouches(now: now)
    let counting = all.filter { $0.standing == .counts }.map(\.vouch)
    let paths = VouchPaths.paths(from: own, to: address, over: counting.map { ($0.voucher, $0.subject) })
    return (
      paths.map { $0.map { counting[$0] } }, all.filter { $0.standing != .counts && $0.vouch.subject == address }
    )
  }

  /// Those other than this member on whose word the ways to a person rest.
  package func vouchers(onWaysTo address: Address, now: Timestamp) throws -> Set<Address> {
    let own = try identity.address
    return Set(try vouchPaths(to: address, now: now).paths.joined().map(\.voucher)).subtracting([own])
  }

  /// Forgets vouches that have ended a month ago or more.
  package func forgetOldVouches(now: Timestamp) throws {
    try store.change {
      try $0.removeVouches(expiredBefore: now.subtracting(milliseconds: ProfileTransaction.endedVouchMilliseconds))
    }
  }
}

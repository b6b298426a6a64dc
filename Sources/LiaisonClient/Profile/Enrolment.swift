internal import Crypto
package import LiaisonModel
package import LiaisonProtocol
internal import TLSPresentation

/// An enrolment that has begun: its keys are on disk before the node hears of them, so that whatever fails on the way, the
/// same invitation goes on with the same keys.
struct PendingEnrolment: TLSCodable {
  let invitation: Invitation
  let device: DeviceIdentifier
  let linkKey: SigningKey<DeviceLinkPurpose>
  let signatureKey: SigningKey<DeviceSignaturePurpose>

  init(
    invitation: Invitation, device: DeviceIdentifier, linkKey: SigningKey<DeviceLinkPurpose>,
    signatureKey: SigningKey<DeviceSignaturePurpose>
  ) {
    self.invitation = invitation
    self.device = device
    self.linkKey = linkKey
    self.signatureKey = signatureKey
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an enrolment has an unknown format") }
    invitation = try decoder.read()
    device = try decoder.read()
    linkKey = try decoder.readSigningKey()
    signatureKey = try decoder.readSigningKey()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(invitation)
    encoder.write(device)
    encoder.write(fixed: linkKey.seed)
    encoder.write(fixed: signatureKey.seed)
  }
}

extension PendingEnrolment {
  /// The same, as the node is given it for the member's other devices.
  fileprivate var authorisation: DeviceAuthorisation? {
    get throws {
      guard let grant = invitation.grant else { return nil }
      let device = MemberCard.Device(identifier: device, signatureKey: signatureKey.publicKey)
      return DeviceAuthorisation(
        grant: grant,
        acceptance: Signed(DeviceAcceptance(device: device), by: try Invitation.key(of: invitation.secret)).unverified)
    }
  }

  /// What shows that one of the member's devices brought in this one; `nil` where the contact point made the invitation.
  fileprivate func authorisation(among devices: [MemberCard.Device]) throws -> DeviceAuthorisation? {
    guard let authorisation = try authorisation else { return nil }
    let device = MemberCard.Device(identifier: device, signatureKey: signatureKey.publicKey)
    guard authorisation.authoriser(of: device, invitation.address, among: devices) != nil else {
      throw ClientError(
        .badData, "enrolment-unverified",
        "the device that made this invitation is not \(invitation.address)'s; nothing was joined")
    }
    return authorisation
  }
}

/// What a device brings to its node to be enrolled.
package struct EnrolmentRequest: Sendable {
  package let invitation: Invitation
  package let linkKey: SigningKey<DeviceLinkPurpose>
  package let request: Frame.Body
}

extension Engine {
  /// Whether this profile belongs to a member already.
  package var isEnrolled: Bool {
    get throws { try store.read { try $0.setting("identity", as: Identity.self) != nil } }
  }

  /// Makes this device's keys, or takes up those that an attempt with the same invitation made.
  package func beginEnrolment(_ invitation: Invitation, now: Timestamp) throws -> EnrolmentRequest {
    try store.change { tx in
      guard try tx.setting("identity", as: Identity.self) == nil else {
        throw ClientError(.cannotCreate, "joined-already", "this profile has joined a node already")
      }
      guard now < invitation.expiresAt else {
        throw ClientError(.notPermitted, "invitation-expired", "this invitation has expired; ask for a new one")
      }
      let earlier: PendingEnrolment? = try tx.setting("enrolment")
      let pending: PendingEnrolment
      if let earlier, earlier.invitation.secret == invitation.secret {
        pending = earlier
      } else {
        pending = try PendingEnrolment(
          invitation: invitation, device: DeviceIdentifier(bytes: random(16)), linkKey: SigningKey(seed: random(32)),
          signatureKey: SigningKey(seed: random(32)))
        try tx.set("enrolment", to: pending)
      }
      let binding = DeviceBinding(
        device: pending.device, linkKey: pending.linkKey.publicKey,
        invitation: Array(SHA256.hash(data: invitation.enrolmentSecret)))
      return EnrolmentRequest(
        invitation: invitation, linkKey: pending.linkKey,
        request: .enrol(
          Frame.Enrol(
            secret: invitation.enrolmentSecret,
            device: MemberCard.Device(identifier: pending.device, signatureKey: pending.signatureKey.publicKey),
            binding: Signed(binding, by: pending.signatureKey).unverified,
            authorisation: try pending.authorisation)))
    }
  }

  /// Takes the node's answer: checks that the cards are the invitation's country's and this device's. Nothing is believed
  /// that the invitation's root key does not vouch for.
  package func finishEnrolment(_ answer: Frame.Body, now: Timestamp) throws -> Identity {
    try store.change { tx in
      guard let pending: PendingEnrolment = try tx.setting("enrolment") else {
        throw ClientError(.usage, "enrolment-missing", "no enrolment is under way")
      }
      let invitation = pending.invitation
      if case .failure(let failure) = answer {
        throw ClientError(
          failure.isPassing ? .later : .notPermitted, "enrolment-refused",
          "the node did not take the invitation: \(failure.text)")
      }
      guard case .enrolled(let memberCard, let nodeCard) = answer,
        let node = try? nodeCard.verified(by: invitation.rootKey), node.content.handle == invitation.address.handle,
        let member = try? memberCard.verified(by: node), member.content.address == invitation.address,
        member.content.devices.contains(where: {
          $0.identifier == pending.device && $0.signatureKey == pending.signatureKey.publicKey
        })
      else {
        throw ClientError(
          .badData, "enrolment-unverified", "the node's answer is not what the invitation promises; nothing was joined")
      }
      let identity = Identity(
        address: invitation.address, device: pending.device, linkKey: pending.linkKey,
        signatureKey: pending.signatureKey, rootKey: invitation.rootKey, nodeCard: nodeCard, memberCard: memberCard,
        authorisation: try pending.authorisation(among: member.content.devices))
      try tx.set(identity)
      try tx.set("enrolment", to: PendingEnrolment?.none)
      try tx.take(nodeCard, isActive: true)
      try tx.take(memberCard, now: now)
      // What another device of the member has brought in, it has watched; a first one knows of none but itself.
      let known = member.content.devices.filter { invitation.grant != nil || $0.identifier == pending.device }
      try tx.set("ownDirectory", to: OwnDirectory(accepting: known))
      return identity
    }
  }
}

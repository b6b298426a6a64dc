package import LiaisonModel

/// A member of this node.
package struct MemberRecord: Hashable, Sendable {
  package var address: Address
  package var profile: MemberProfile
  /// The last one, also where it does not count any more; `nil` until a device has enrolled.
  package var card: Unverified<MemberCard>?
  /// The serial of the last card, 0 before the first.
  package var serial: UInt64
  package var cardExpiresAt: Timestamp?
  /// Why the member was revoked, where they were.
  package var revocation: String?
  package var deviceCount: Int

  /// A member as it is stored.
  package init(
    address: Address, profile: MemberProfile, card: Unverified<MemberCard>? = nil, serial: UInt64 = 0,
    cardExpiresAt: Timestamp? = nil, revocation: String? = nil, deviceCount: Int = 0
  ) {
    self.address = address
    self.profile = profile
    self.card = card
    self.serial = serial
    self.cardExpiresAt = cardExpiresAt
    self.revocation = revocation
    self.deviceCount = deviceCount
  }

  /// The card that counts: that of a member who has devices, and not of before they were revoked and invited again.
  package var presentCard: Unverified<MemberCard>? { revocation == nil && deviceCount > 0 ? card : nil }
}

/// An enrolled device.
package struct DeviceRecord: Hashable, Sendable {
  package var identifier: DeviceIdentifier
  package var address: Address
  package var linkKey: DeviceLinkKey
  package var signatureKey: DeviceSignatureKey
  package var enrolledAt: Timestamp
  /// What shows the member's other devices that one of them brought it in: a DeviceAuthorisation, as it came.
  package var authorisation: [UInt8]?

  /// A device as it is stored.
  package init(
    identifier: DeviceIdentifier, address: Address, linkKey: DeviceLinkKey, signatureKey: DeviceSignatureKey,
    enrolledAt: Timestamp, authorisation: [UInt8]? = nil
  ) {
    self.identifier = identifier
    self.address = address
    self.linkKey = linkKey
    self.signatureKey = signatureKey
    self.enrolledAt = enrolledAt
    self.authorisation = authorisation
  }
}

/// An invitation, of whose secret only the hash is kept.
package struct InvitationRecord: Hashable, Sendable {
  /// SHA-256 of the secret, 32 bytes.
  package var secretHash: [UInt8]
  package var address: Address
  package var expiresAt: Timestamp
  /// The device that used it.
  package var usedBy: DeviceIdentifier?

  /// An invitation as it is stored.
  package init(secretHash: [UInt8], address: Address, expiresAt: Timestamp, usedBy: DeviceIdentifier? = nil) {
    self.secretHash = secretHash
    self.address = address
    self.expiresAt = expiresAt
    self.usedBy = usedBy
  }
}

/// Members, their devices and their invitations.
package protocol MemberStore {
  /// The member of this address, also a revoked one.
  func member(_ address: Address) throws(StoreError) -> MemberRecord?
  /// All members by address, after `address` where it is given.
  func members(after address: Address?, limit: Int) throws(StoreError) -> [MemberRecord]
  /// Members who are not revoked and whose cards expire before `time`.
  func members(cardsExpiringBefore time: Timestamp, limit: Int) throws(StoreError) -> [MemberRecord]
  /// Has the cards of all members who are not revoked count as ending now, so that they are renewed.
  func renewMemberCards(at now: Timestamp) throws(StoreError)
  /// Inserts a member or replaces what is known of one, and counts a change of the directory (``PeopleStore``).
  func saveMember(_ member: MemberRecord) throws(StoreError)

  /// The device of this identifier.
  func device(_ identifier: DeviceIdentifier) throws(StoreError) -> DeviceRecord?
  /// The device that this key names on a link.
  func device(linkKey: DeviceLinkKey) throws(StoreError) -> DeviceRecord?
  /// The device whose leaves have this key.
  func device(signatureKey: DeviceSignatureKey) throws(StoreError) -> DeviceRecord?
  /// A member's devices in the order of their enrolment.
  func devices(of address: Address) throws(StoreError) -> [DeviceRecord]
  /// Adds a device; its identifier and keys must be new.
  func insertDevice(_ device: DeviceRecord) throws(StoreError)
  /// Removes a device with its inbox, key packages and welcomes.
  func removeDevice(_ identifier: DeviceIdentifier) throws(StoreError)

  /// Adds an invitation.
  func insertInvitation(_ invitation: InvitationRecord) throws(StoreError)
  /// The invitation whose secret has this hash.
  func invitation(secretHash: [UInt8]) throws(StoreError) -> InvitationRecord?
  /// How many invitations of a member can still be used.
  func openInvitationCount(of address: Address, at now: Timestamp) throws(StoreError) -> Int
  /// Notes which device used an invitation.
  func useInvitation(secretHash: [UInt8], by device: DeviceIdentifier) throws(StoreError)
  /// Withdraws a member's unused invitations.
  func removeInvitations(of address: Address) throws(StoreError)
}

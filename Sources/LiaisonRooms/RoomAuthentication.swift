package import LiaisonModel
package import MLS

/// Which leaves a room may hold (rooms.md): the card in the credential is signed by the node of the member's handle, it
/// lists the device with exactly the leaf's signature key, and a leaf stays the same member's device for ever.
package struct RoomAuthentication: AuthenticationService {
  private let entering: [Handle: Signed<NodeCard>]
  private let present: [Handle: Signed<NodeCard>]
  private let now: Timestamp?

  /// - Parameters:
  ///   - entering: the own node's card and the active peers': whose members may come in.
  ///   - present: cards by which the leaves of members who are in already are known; `entering` where `nil`.
  ///   - now: when the change was made, at which its cards must be in force; `nil` to follow, without judging dates
  ///     again, what was accepted before.
  package init(
    entering: [Handle: Signed<NodeCard>], present: [Handle: Signed<NodeCard>]? = nil, now: Timestamp?
  ) {
    self.entering = entering
    self.present = present ?? entering
    self.now = now
  }

  /// Lets nobody in: for messages, which bring in no leaf.
  package static let nobody = RoomAuthentication(entering: [:], now: nil)

  package func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError) {
    switch context.event {
    case .add, .externalCommit: try validate(credential, signatureKey, by: entering, at: now)
    case .update, .commit: try validate(credential, signatureKey, by: present, at: now)
    case .joining: try validate(credential, signatureKey, by: present, at: nil)
    case .externalSender: throw .credentialRefused
    }
  }

  /// Whether a key package's leaf may enter a room.
  package func validateOwner(of keyPackage: KeyPackage) throws(MLSError) {
    try validate(keyPackage.leafNode.credential, keyPackage.leafNode.signatureKey, by: entering, at: now)
  }

  private func validate(
    _ credential: Credential, _ signatureKey: SignaturePublicKey, by cards: [Handle: Signed<NodeCard>],
    at now: Timestamp?
  ) throws(MLSError) {
    guard let device = try? DeviceCredential(credential), let handle = try? device.card.claim().address.handle,
      let nodeCard = cards[handle], let card = try? device.card.verified(by: nodeCard),
      card.content.devices.contains(where: {
        $0.identifier == device.device && $0.signatureKey.bytes == signatureKey.bytes
      })
    else { throw .credentialRefused }
    if let now, (try? card.checkInForce(at: now)) == nil { throw .credentialRefused }
  }

  package func validateSuccessor(old: Credential, new: Credential) throws(MLSError) {
    guard let old = try? DeviceCredential(old), let new = try? DeviceCredential(new), old.device == new.device,
      let oldCard = try? old.card.claim(), let newCard = try? new.card.claim(), oldCard.address == newCard.address,
      oldCard.serial <= newCard.serial
    else { throw .credentialRefused }
  }

  /// The device and its member's address.
  package func client(of credential: Credential) -> [UInt8]? {
    guard let device = try? DeviceCredential(credential), let claim = try? device.card.claim() else { return nil }
    return device.device.bytes + Array(claim.address.description.utf8)
  }
}

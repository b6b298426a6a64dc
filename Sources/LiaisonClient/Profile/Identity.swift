package import LiaisonModel
internal import MLS
package import TLSPresentation

/// Who this device is: its keys, which never leave it, and what its node says of it.
package struct Identity: Sendable, CustomStringConvertible {
  package let address: Address
  package let device: DeviceIdentifier
  /// The device's TLS identity towards its node.
  package let linkKey: SigningKey<DeviceLinkPurpose>
  /// The signature key of the device's leaf in every room.
  package let signatureKey: SigningKey<DeviceSignaturePurpose>
  /// The root key of the own country, as the invitation gave it.
  package let rootKey: RootKey
  /// The latest card of the own node.
  package internal(set) var nodeCard: Unverified<NodeCard>
  /// The latest card of this member.
  package internal(set) var memberCard: Unverified<MemberCard>
  /// What shows that another device of this member brought in this one; `nil` where the contact point did.
  package let authorisation: DeviceAuthorisation?

  package init(
    address: Address, device: DeviceIdentifier, linkKey: SigningKey<DeviceLinkPurpose>,
    signatureKey: SigningKey<DeviceSignaturePurpose>, rootKey: RootKey, nodeCard: Unverified<NodeCard>,
    memberCard: Unverified<MemberCard>, authorisation: DeviceAuthorisation? = nil
  ) {
    self.address = address
    self.device = device
    self.linkKey = linkKey
    self.signatureKey = signatureKey
    self.rootKey = rootKey
    self.nodeCard = nodeCard
    self.memberCard = memberCard
    self.authorisation = authorisation
  }

  package var description: String { "\(address) <redacted>" }

  /// The same key as MLS takes it.
  func leafKey() throws -> SignaturePrivateKey {
    try SignaturePrivateKey(cipherSuite: .default, rawRepresentation: signatureKey.seed)
  }
}

extension Identity: TLSCodable {
  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an identity has an unknown format") }
    address = try decoder.read()
    device = try decoder.read()
    linkKey = try decoder.readSigningKey()
    signatureKey = try decoder.readSigningKey()
    rootKey = try decoder.read()
    nodeCard = try decoder.read()
    memberCard = try decoder.read()
    authorisation = try decoder.readOptional()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(device)
    encoder.write(fixed: linkKey.seed)
    encoder.write(fixed: signatureKey.seed)
    encoder.write(rootKey)
    encoder.write(nodeCard)
    encoder.write(memberCard)
    encoder.write(optional: authorisation)
  }
}

extension TLSDecoder {
  /// A private key's 32-byte seed. Only sealed records hold one.
  mutating func readSigningKey<Purpose>() throws(TLSPresentationError) -> SigningKey<Purpose> {
    let seed = try read(fixed: 32)
    do { return try SigningKey(seed: seed) } catch { throw .invalid("a private key is malformed") }
  }
}

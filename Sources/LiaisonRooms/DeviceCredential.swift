package import LiaisonModel
package import MLS
package import TLSPresentation

/// Who a leaf is: a device of the member whose card is here. The card is unverified until ``RoomAuthentication`` has
/// taken the leaf.
///
/// `struct { Signed member_card; opaque device[16]; } DeviceCredential;`
package struct DeviceCredential: Hashable, Sendable, TLSCodable {
  package var card: Unverified<MemberCard>
  package var device: DeviceIdentifier

  /// The credential of one of the card's devices.
  package init(card: Unverified<MemberCard>, device: DeviceIdentifier) {
    self.card = card
    self.device = device
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    card = try decoder.read()
    device = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(card)
    encoder.write(device)
  }

  /// This, as a leaf carries it: a basic credential.
  package var asCredential: Credential { .basic(identity: tlsEncoded) }

  /// Reads a leaf's credential. Throws ``RoomError/notADevice`` for any other kind.
  package init(_ credential: Credential) throws(RoomError) {
    guard case .basic(let identity) = credential, let value = try? Self(tlsEncoded: identity) else {
      throw .notADevice
    }
    self = value
  }
}

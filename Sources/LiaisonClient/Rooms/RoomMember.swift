internal import LiaisonModel
internal import LiaisonRooms
internal import MLS

/// A device in a room's group, by its leaf.
struct RoomMember: Equatable {
  let leaf: LeafIndex
  let address: Address
  let device: DeviceIdentifier
  let card: Unverified<MemberCard>
}

extension Group {
  /// The room's devices, from the left of the tree. Their credentials were checked when they entered it.
  var roomMembers: [RoomMember] {
    members.compactMap { RoomMember(leaf: $0.leafIndex, $0.credential) }
  }

  /// The room's people, each once, in order.
  var addresses: [Address] { Set(roomMembers.map(\.address)).sorted() }
}

extension RoomMember {
  init?(leaf: LeafIndex, _ credential: Credential) {
    guard let credential = try? DeviceCredential(credential), let card = try? credential.card.claim() else {
      return nil
    }
    self.init(leaf: leaf, address: card.address, device: credential.device, card: credential.card)
  }
}

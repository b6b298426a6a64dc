package import LiaisonModel
package import MLS

/// Who is in a room: its group's leaves as devices of members. Their credentials were verified as they came in.
package struct Roster: Equatable, Sendable {
  /// A device in the room.
  package struct Entry: Equatable, Sendable {
    package let address: Address
    package let device: DeviceIdentifier
    package let leaf: LeafIndex
    /// The card in the leaf's credential.
    package let card: MemberCard
  }

  /// By leaf, lowest first.
  package let entries: [Entry]

  /// Reads a group's members. Throws where a leaf is not a device's, a device is there twice, or there are too many.
  package init(_ members: [Member]) throws(RoomError) {
    guard members.count <= Limits.roomMembersMax else { throw .tooManyMembers }
    var entries: [Entry] = []
    entries.reserveCapacity(members.count)
    var devices: Set<DeviceIdentifier> = []
    for member in members {
      let entry = try Entry(member)
      guard devices.insert(entry.device).inserted else { throw .deviceTwice }
      entries.append(entry)
    }
    self.entries = entries
  }

  /// The members' addresses, each once.
  package var addresses: Set<Address> { Set(entries.map(\.address)) }
  /// The nodes that have a member's device in the room.
  package var handles: Set<Handle> { Set(entries.map(\.address.handle)) }

  /// The entry of a leaf.
  package subscript(leaf: LeafIndex) -> Entry? { entries.first { $0.leaf == leaf } }
}

extension Roster.Entry {
  /// Reads one leaf. Throws ``RoomError/notADevice``.
  package init(_ member: Member) throws(RoomError) {
    let credential = try DeviceCredential(member.credential)
    guard let card = try? credential.card.claim() else { throw .notADevice }
    self.init(address: card.address, device: credential.device, leaf: member.leafIndex, card: card)
  }
}

/// Why an MLS group is not a room, or a leaf not a device's.
package enum RoomError: Error, Hashable, Sendable {
  /// The group context has no room extension that this release can read.
  case notARoom
  /// A leaf's credential is no device's.
  case notADevice
  /// One device has two leaves.
  case deviceTwice
  /// There are more leaves than ``LiaisonModel/Limits/roomMembersMax``.
  case tooManyMembers

  /// One sentence for a person.
  package var sentence: String {
    switch self {
    case .notARoom: "the group is not a room of this protocol"
    case .notADevice: "a leaf of the group is not a device's"
    case .deviceTwice: "a device is in the room twice"
    case .tooManyMembers: "a room holds at most 1000 devices"
    }
  }
}

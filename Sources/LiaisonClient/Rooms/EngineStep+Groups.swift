internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonRooms
internal import MLS
internal import Sodium
internal import TLSPresentation

/// Bounds of what a device keeps and how it refreshes; each with its reason.
enum RoomPolicy {
  /// How old this device's keys in a room may become: a week (ARCHITECTURE.md §4).
  static let refreshMilliseconds: UInt64 = 7 * 86_400_000
  /// Envelopes kept for one room whose epoch, or welcome, has not come: more than a node keeps under way.
  static let waitingPerRoomMax = 1024
  /// The same over all rooms: bounds what a hostile node can make a device keep.
  static let waitingMax = 8192
  /// Missing numbers are recorded as ranges; beyond this many ranges of a sender, nothing more is recorded.
  static let gapsPerSenderMax = 64
  /// Shortest plaintext of a message after padding, bytes: acknowledgements and short texts look alike.
  static let paddedBytesMin = 256

  /// Epochs whose late messages can still be read. A country may be cut off for days while others change the room.
  static let pastEpochCountMax = 32

  static var configuration: GroupConfiguration {
    var configuration = GroupConfiguration()
    configuration.pastEpochCountMax = pastEpochCountMax
    configuration.allowsApplicationDataWithPendingProposals = true
    return configuration
  }
}

extension EngineStep {
  /// What this device's leaves say of it.
  var credential: Credential { DeviceCredential(card: identity.memberCard, device: identity.device).asCredential }

  /// Judges what this device itself brings into a room: only active peers' members, whose cards are in force now.
  func authenticationToCommit() throws -> RoomAuthentication {
    let active = try tx.nodeCards { $0.isActive }
    return RoomAuthentication(entering: active, present: try tx.nodeCards(), now: now)
  }

  /// Follows what the hub and the nodes accepted, whenever that was: only the keys are judged.
  func authenticationToFollow() throws -> RoomAuthentication {
    RoomAuthentication(entering: try tx.nodeCards(), now: nil)
  }

  func group(_ room: RoomIdentifier) throws -> Group? {
    let row = tx.index(room)
    guard
      let sealed = try Data.fetchOne(tx.db, sql: "SELECT value FROM groups WHERE room = ?", arguments: [Data(row)]),
      let bytes = try? tx.key.open(Array(sealed), context: Self.groupContext(row))
    else { return nil }
    return try Group(serialized: bytes, random: RandomSource(random))
  }

  func save(_ group: Group, _ room: RoomIdentifier) throws {
    let row = tx.index(room)
    var bytes = group.serialized
    let sealed = Data(tx.key.seal(bytes, context: Self.groupContext(row)))
    wipe(&bytes)
    try tx.db.execute(
      sql: "INSERT INTO groups (room, value) VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET value = excluded.value",
      arguments: [Data(row), sealed])
  }

  private static func groupContext(_ row: [UInt8]) -> [UInt8] { Array("groups".utf8) + [0] + row }

  /// A group whose only member is this device, with its own node as the hub.
  func newGroup(_ room: RoomIdentifier) throws -> Group {
    try Group.create(
      groupID: room.bytes, cipherSuite: RoomProfile.cipherSuite, credential: credential,
      signatureKey: identity.leafKey(),
      capabilities: RoomProfile.capabilities, lifetime: RoomProfile.lifetime(from: now),
      groupContextExtensions: RoomProfile.extensions(hub: identity.address.handle),
      configuration: RoomPolicy.configuration, random: RandomSource(random), now: now.seconds)
  }
}

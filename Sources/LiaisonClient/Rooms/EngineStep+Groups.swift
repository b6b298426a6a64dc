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

  /// How long the messages of an epoch that has ended can still be read, in seconds: two weeks. Envelopes of a country
  /// that is cut off wait in its queue for up to 90 days; but whoever steals a device and its passphrase reads what it has
  /// not received yet of these epochs, and two weeks are longer than a line is down as a rule.
  static let pastEpochSecondsMax: UInt64 = 14 * 86_400
  /// And how many of them at most: in two weeks, weekly refreshes of 64 devices make as many.
  static let pastEpochCountMax = 128

  static var configuration: GroupConfiguration {
    var configuration = GroupConfiguration()
    configuration.pastEpochCountMax = pastEpochCountMax
    configuration.pastEpochSecondsMax = pastEpochSecondsMax
    configuration.outOfOrderMax = Limits.overtakenMessagesMax
    configuration.forwardDistanceMax = Limits.overtakenMessagesMax
    configuration.allowsApplicationDataWhilePending = true
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
    if let group = tx.cache[group: room] { return group }
    do {
      let group = try Group.load(from: ProfileGroupStorage(tx, room), random: RandomSource(random))
      guard group?.groupID ?? room.bytes == room.bytes else { throw ClientError.damagedStore }
      tx.cache[group: room] = group
      return group
    } catch MLSError.unreadableState {
      throw ClientError.damagedStore
    }
  }

  /// Stores what has changed of a room's group, in this transaction.
  func save(_ group: Group, _ room: RoomIdentifier) throws {
    var group = group
    var storage = ProfileGroupStorage(tx, room)
    // It takes its changes for stored even where they were not.
    tx.cache[group: room] = nil
    try group.save(to: &storage)
    tx.cache[group: room] = group
  }

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

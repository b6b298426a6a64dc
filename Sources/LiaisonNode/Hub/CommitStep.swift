internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS

/// A valid commit of a room, and the room after it.
struct CommitStep {
  /// The group after the commit.
  let group: PublicGroup
  let groupInfo: [UInt8]
  /// The committer's device.
  let committer: Roster.Entry
  /// Whether the committer came in by this very commit: an external one.
  let isExternal: Bool
  let before: [RoomLeaf]
  let after: [RoomLeaf]
  /// Leaves that others brought in: each has a place in the Welcome.
  let welcomed: [RoomLeaf]
  /// The hub of the new epoch.
  let hub: Handle

  var newEpoch: UInt64 { group.epoch }

  /// Verifies a commit as far as one without the room's secrets can.
  /// - Parameter hubs: the nodes that may be the hub after it.
  ///
  /// Throws `MLSError`, `RoomError` or a `Failure`.
  init(
    _ commit: MLSMessage, groupInfo: [UInt8], on base: PublicGroup, leaves before: [RoomLeaf], hubs: Set<Handle>,
    authentication: RoomAuthentication, at time: Timestamp
  ) throws {
    guard groupInfo.count <= Limits.commitBytesMax, case .groupInfo(let info) = try MLSMessage(groupInfo) else {
      throw Frame.Failure.malformed("the group info is malformed")
    }
    let staged = try base.stage(commit, authentication: authentication, now: time.seconds)
    guard staged.reInit == nil else { throw Frame.Failure.notPermitted("a room is not initialised again") }
    var group = base
    try group.merge(staged, groupInfo: info)
    hub = try RoomExtension(of: group.groupContextExtensions).hub
    guard hubs.contains(hub) else {
      throw Frame.Failure.notPermitted("the node that orders a room does not give it to another")
    }
    let roster = try Roster(group.members)
    guard let committer = roster[staged.committer] else {
      throw Frame.Failure.malformed("the committer is not in the room")
    }
    let isExternal = staged.sender == .newMemberCommit
    let added = Set(staged.added.map(\.leafIndex.rawValue))
    let since = Dictionary(before.map { ($0.device, $0.sinceEpoch) }, uniquingKeysWith: { $1 })
    let newEpoch = group.epoch
    after = roster.entries.map { entry in
      let known = added.contains(entry.leaf.rawValue) ? nil : since[entry.device]
      return RoomLeaf(entry, since: known ?? newEpoch)
    }
    welcomed = after.filter {
      added.contains($0.leaf) && !(isExternal && $0.leaf == staged.committer.rawValue)
    }
    self.group = group
    self.groupInfo = groupInfo
    self.committer = committer
    self.isExternal = isExternal
    self.before = before
  }

  /// This node's devices that see the commit: those that were in the room before it, and one that came in by it.
  func witnesses(at handle: Handle) -> [DeviceIdentifier] {
    var devices = before.filter { $0.address.handle == handle }.map(\.device)
    if isExternal, committer.address.handle == handle, !devices.contains(committer.device) {
      devices.append(committer.device)
    }
    return devices
  }
}

package import LiaisonModel
package import LiaisonProtocol

/// What an administrator asks of the core.
package enum AdministrationRequest: Sendable {
  /// A decision: the trust log's next entry, verified by the registry, the log's head over it as this node signed it,
  /// the peers as they stand after it, who this node is where that changes, and what it asks of members, if anything. Entry, head and effects become durable
  /// together, and the answer is that to what is asked of members.
  indirect case decide(
    TrustLogEntry, head: [UInt8], PeerTable, identity: NodeIdentity? = nil, members: AdministrationRequest?)
  /// The trust log's head alone, which speaks of the same entries as the one before.
  case saveTrustLogHead([UInt8])
  /// One device of a member, who is made where there is none of this address.
  case invite(Address, profile: MemberProfile, expiresAt: Timestamp)
  case members
  case member(Address)
  case revoke(Address, reason: String)
  /// The address is a duty role's, which these people hold from now on.
  case defineRole(Address, RoleCard.Duty)
  case removeRole(Address, reason: String)
  /// Every duty role that was not removed.
  case roles
  /// A communication check of these countries, or of all active peers.
  case startComCheck(countries: [Handle], Precedence, withinMilliseconds: UInt64)
  /// The figures of the newest communication checks that this node started, or all of the one of this number.
  case comChecks(number: UInt64?)
  /// Every peer's queue.
  case queues
  /// The inboxes of devices that have something in them.
  case inboxes
  /// One peer's queue and the oldest of what waits in it.
  case queue(Handle)
  /// The node in figures.
  case status
  /// What is known of directories, and the evidence against any.
  case directory
  /// Bundles are made and taken in.
  case bundle(BundleRequest)
}

/// The answer to an ``AdministrationRequest``.
package enum AdministrationAnswer: Sendable {
  case invitation(Invitation)
  case members([MemberRecord])
  case roles([RoleRecord])
  case comChecks([ComCheckReport])
  case comCheckStarted(number: UInt64)
  case member(MemberRecord, devices: [InboxStatus])
  case queues([QueueStatus])
  case inboxes([InboxStatus])
  case queue(QueueStatus, oldest: [QueuedEnvelope])
  case status(NodeStatus)
  case directory(DirectoryStatus)
  case bundle(BundleAnswer)
  case done
  case failed(Frame.Failure)
}

/// What an administrator says of a member; the node's key signs it into the member's card.
package struct MemberProfile: Hashable, Sendable {
  package var name: String
  package var discipline: Discipline
  package var role: String

  /// Bounds are those of ``LiaisonModel/MemberCard``.
  package init(name: String, discipline: Discipline, role: String) {
    self.name = name
    self.discipline = discipline
    self.role = role
  }
}

/// A peer's queue as an administrator sees it.
package struct QueueStatus: Sendable {
  package var peer: Handle
  package var record: QueueRecord
  package var isLinked: Bool
  package var isActive: Bool
  /// The third node through which there is a way to the peer, where there is no link.
  package var carrier: Handle?
  /// Sent on the present link and not yet receipted.
  package var underWay: Int
  /// When it is dialled next, where that is planned.
  package var dialsAt: Timestamp?
  /// What went wrong last, in words, and when.
  package var trouble: (text: String, at: Timestamp)?
  package var next: NextStep
  /// The peer's clock less ours, when the link came to stand.
  package var clockDifferenceMilliseconds: Int64?
}

/// What a node does next about a peer's queue, if nothing else happens.
package enum NextStep: Hashable, Sendable {
  /// Nothing waits.
  case rests
  /// What waits goes out as soon as the link takes it.
  case sends
  /// What was sent is waited for, and sent again at that time.
  case resends(at: Timestamp)
  case dials(at: Timestamp)
  /// A dial is under way.
  case dialling
  /// The peer is not active.
  case waitsForActivation
  /// No link with the peer is made: a bundle takes what waits.
  case waitsForBundle
}

/// A device's inbox as an administrator sees it.
package struct InboxStatus: Hashable, Sendable {
  package var device: DeviceRecord
  package var waiting: Int
  /// When the oldest message in it was accepted, where there is one.
  package var oldest: Timestamp?
  package var isLinked: Bool
}

/// The node in figures.
package struct NodeStatus: Hashable, Sendable {
  package var handle: Handle
  package var peersLinked: Int
  package var peersActive: Int
  package var devicesLinked: Int
  package var counts: StoreCounts
}

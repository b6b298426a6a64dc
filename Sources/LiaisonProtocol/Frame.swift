public import LiaisonModel
public import NIOCore

/// What travels on a link, checked and in the model's types. Its encoding is `Frame` of `link.proto`.
public struct Frame: Hashable, Sendable {
  /// Joins a request and its answer; 0 on frames that ask for nothing.
  public var request: UInt64
  public var body: Body

  public init(request: UInt64 = 0, _ body: Body) {
    self.request = request
    self.body = body
  }

  public enum Body: Hashable, Sendable {
    // Every link.
    case hello(Hello)
    case ping
    case pong
    case failure(Failure)
    case done

    // Between nodes.
    /// An encoded ``LiaisonModel/Envelope``, kept as it came: receipts prove these bytes.
    case deliver(envelope: [UInt8])
    case receipts(Receipts)
    case refused(message: MessageIdentifier, Failure)
    case hubCommit(HubCommit)
    case hubAnswer(HubAnswer)
    case keyPackagesRequest(Address)
    /// An MLSMessage with a KeyPackage each.
    case keyPackages([[UInt8]])
    case directoryQuery(DirectoryQuery)
    case directoryAnswer(DirectoryAnswer)
    case directoryHeads(DirectoryHeads)
    case directoryContinuationRequest(DirectoryContinuationRequest)
    case directoryContinuation(DirectoryContinuation)
    case trustLogHeads(TrustLogHeads)
    /// Encoded signed notices, not yet verified.
    case trustNotices([[UInt8]])
    /// Encoded charters with their signatures and cards (charter.md), not yet verified.
    case charters([[UInt8]])
    /// The sender's next card, while the link stands.
    case nextCard(Unverified<NodeCard>)
    /// What bundles for the sender are to be sealed to.
    case bundleKey(Unverified<BundleKey>)
    /// In a bundle: the highest number of the receiver's numbered records that the sender has taken.
    case bundleSeen(sequence: UInt64)
    /// To a third node, for a peer of its own: an encoded ``LiaisonModel/RelayPart``.
    case carry(to: Handle, part: [UInt8])
    /// From a third node, what a peer of its own gave it.
    case carried(from: Handle, part: [UInt8])
    /// A ``carry(to:part:)`` was not handed on.
    case notCarried(to: Handle, Failure)
    /// The sender's directory has changed since the receiver asked for a page of it.
    case directoryChanged

    // Between a device and its node.
    /// An encoded ``LiaisonModel/Envelope``.
    case submit(envelope: [UInt8])
    case createRoom(CreateRoom)
    case uploadKeyPackages(keyPackages: [[UInt8]], lastResort: [UInt8]?)
    case roomStateRequest(RoomIdentifier)
    case roomState(RoomState)
    case peersRequest
    case peers([Peer])
    case inboxItem(InboxItem)
    case inboxAcknowledge(sequence: UInt64)
    case enrol(Enrol)
    case enrolled(memberCard: Unverified<MemberCard>, nodeCard: Unverified<NodeCard>)
    case roomsRequest
    /// And how many key packages of the asking device the node holds.
    case rooms([Room], keyPackages: Int)
    case devicesRequest
    case devices([Device])
    /// SHA-256 of the enrolment secret, 32 bytes.
    case deviceInvite(secretHash: [UInt8], expiresAt: Timestamp)
    case deviceRemove(DeviceIdentifier)
    case keyPackagesForget
    /// Of the asking device's own member.
    case memberStatement(MemberStatement)
    case directoryRecordsRequest(beganAt: Timestamp, from: UInt64)
    case directoryRecords(DirectoryRecords)
    /// Indices of entries about the asking device's own member.
    case directoryEntriesRequest([UInt64])
    /// An encoded ``LiaisonModel/DirectoryEntry`` each; empty for one that is not shown.
    case directoryEntries([[UInt8]])

    // On a bulk link.
    case chunkQuery(room: RoomIdentifier, [ChunkName])
    case chunkMissing([ChunkName])
    case chunkPut(room: RoomIdentifier, ciphertext: ByteBuffer)
    case chunkGet(room: RoomIdentifier, ChunkName, origin: Handle?)
    case chunk(ciphertext: ByteBuffer)

    // Between nodes: how a commit comes to stand.
    case proposal(Proposal)
    case vote(Unverified<CommitVote>)
    case takeoverRequest(room: RoomIdentifier, epoch: UInt64, number: UInt32)
    case takeoverAnswer(TakeoverAnswer)
    case roomPosition(RoomPosition)
    /// An encoded ``LiaisonModel/RoomCommit`` each.
    case roomCommits(room: RoomIdentifier, [[UInt8]])

    // Duty roles and communication checks (``Duties``).
    /// For the role of this address; of a device's own, for its member's duties.
    case dutyQuery(Address)
    case dutyAnswer(Duties)
    case dutyChange(DutyChange)
    /// Between nodes, from here on. The role is of the receiving node.
    case comCheck(Unverified<ComCheck>, role: Address)
    case comCheckReceipt(Unverified<ComCheckReceipt>)
    case comCheckAnswer(ProvenAnswer)
    case comCheckTaken(ComCheckIdentifier)
  }

  /// The first frame of either side.
  public struct Hello: Hashable, Sendable {
    public var versions: ClosedRange<UInt32>
    public var clock: Timestamp
    /// The program and its release; at most 64 bytes.
    public var software: String
    /// Between nodes only.
    public var nodeCard: Unverified<NodeCard>?
    /// From a device: the sequence of the last inbox item that it has stored.
    public var inboxPosition: UInt64

    public init(
      versions: ClosedRange<UInt32> = ProtocolVersion.supported, clock: Timestamp, software: String,
      nodeCard: Unverified<NodeCard>? = nil, inboxPosition: UInt64 = 0
    ) {
      self.versions = versions
      self.clock = clock
      self.software = software
      self.nodeCard = nodeCard
      self.inboxPosition = inboxPosition
    }
  }

  /// What two nodes know of each other's trust logs. Heads are carried as encoded; each part may be empty.
  public struct TrustLogHeads: Hashable, Sendable {
    /// The sender's signed head.
    public var own: [UInt8]
    /// The newest head of the receiver's log that the sender has.
    public var seen: [UInt8]
    /// Leads from what the receiver had seen to ``own``: hashes of 32 bytes.
    public var proof: [[UInt8]]
    /// The last decision of the sender's owners that entries are lost.
    public var lost: Loss?

    /// An encoded entry of the sender's log, its place, and what leads from it to ``own``: hashes of 32 bytes.
    public struct Loss: Hashable, Sendable {
      public var entry: [UInt8]
      public var index: UInt64
      public var path: [[UInt8]]

      public init(entry: [UInt8], index: UInt64, path: [[UInt8]]) {
        self.entry = entry
        self.index = index
        self.path = path
      }
    }

    public init(own: [UInt8] = [], seen: [UInt8] = [], proof: [[UInt8]] = [], lost: Loss? = nil) {
      self.own = own
      self.seen = seen
      self.proof = proof
      self.lost = lost
    }
  }

  /// Why a request was not done.
  public struct Failure: Hashable, Sendable, Error {
    public enum Reason: Int, Sendable {
      case unspecified, malformed, unknown, notPermitted, limit, unavailable, later, conflict
    }
    public var reason: Reason
    /// One sentence for a person, at most 256 bytes. From a peer it is hostile text: escape it before it is shown.
    public var text: String

    public init(_ reason: Reason, _ text: String) {
      self.reason = reason
      self.text = text
    }
  }

  public struct Receipts: Hashable, Sendable {
    public struct Inclusion: Hashable, Sendable {
      public var leaf: ReceiptLeaf
      public var index: UInt32
      /// Hashes of 32 bytes.
      public var path: [[UInt8]]

      public init(leaf: ReceiptLeaf, index: UInt32, path: [[UInt8]]) {
        self.leaf = leaf
        self.index = index
        self.path = path
      }
    }
    public var batch: Unverified<ReceiptBatch>
    public var inclusions: [Inclusion]

    public init(batch: Unverified<ReceiptBatch>, inclusions: [Inclusion]) {
      self.batch = batch
      self.inclusions = inclusions
    }
  }

  /// A commit on its way to the room's hub. All but the identifiers are encoded MLSMessages.
  public struct HubCommit: Hashable, Sendable {
    public var message: MessageIdentifier
    public var room: RoomIdentifier
    public var commit: [UInt8]
    public var welcome: [UInt8]?
    public var groupInfo: [UInt8]
    /// From a device: where the hub cannot be reached, its node is to order it in the hub's place.
    public var isTakeover: Bool

    /// Bytes of what it holds.
    public var size: Int { commit.count + (welcome?.count ?? 0) + groupInfo.count }

    public init(
      message: MessageIdentifier, room: RoomIdentifier, commit: [UInt8], welcome: [UInt8]?, groupInfo: [UInt8],
      isTakeover: Bool = false
    ) {
      self.message = message
      self.room = room
      self.commit = commit
      self.welcome = welcome
      self.groupInfo = groupInfo
      self.isTakeover = isTakeover
    }
  }

  public struct HubAnswer: Hashable, Sendable {
    public enum Outcome: Int, Sendable {
      case accepted = 1
      case stale = 2
      case refused = 3
    }
    public var outcome: Outcome
    /// The epoch that the room is in, at the hub.
    public var epoch: UInt64
    public var text: String

    public init(_ outcome: Outcome, epoch: UInt64, text: String = "") {
      self.outcome = outcome
      self.epoch = epoch
      self.text = text
    }
  }

  public struct CreateRoom: Hashable, Sendable {
    public var room: RoomIdentifier
    /// An MLSMessage with the GroupInfo of epoch 0.
    public var groupInfo: [UInt8]
    public var ratchetTree: [UInt8]

    public init(room: RoomIdentifier, groupInfo: [UInt8], ratchetTree: [UInt8]) {
      self.room = room
      self.groupInfo = groupInfo
      self.ratchetTree = ratchetTree
    }
  }

  public struct RoomState: Hashable, Sendable {
    public var groupInfo: [UInt8]
    public var ratchetTree: [UInt8]
    public var hub: Handle

    public init(groupInfo: [UInt8], ratchetTree: [UInt8], hub: Handle) {
      self.groupInfo = groupInfo
      self.ratchetTree = ratchetTree
      self.hub = hub
    }
  }

  public struct Peer: Hashable, Sendable {
    public var nodeCard: Unverified<NodeCard>
    public var isActive: Bool
    public var isLinked: Bool
    /// The newest head of its directory log that the node has.
    public var directoryHead: Unverified<DirectoryHead>?
    /// What the node has against it.
    public var directoryEvidence: [DirectoryEvidence]

    public init(
      nodeCard: Unverified<NodeCard>, isActive: Bool, isLinked: Bool, directoryHead: Unverified<DirectoryHead>? = nil,
      directoryEvidence: [DirectoryEvidence] = []
    ) {
      self.nodeCard = nodeCard
      self.isActive = isActive
      self.isLinked = isLinked
      self.directoryHead = directoryHead
      self.directoryEvidence = directoryEvidence
    }
  }

  /// A room that the asking device's member is in.
  public struct Room: Hashable, Sendable {
    public var room: RoomIdentifier
    public var hub: Handle
    public var epoch: UInt64
    /// Whether the asking device is in it.
    public var isPresent: Bool
    /// Whether a welcome to it waits for the asking device.
    public var isWelcomed: Bool

    public init(room: RoomIdentifier, hub: Handle, epoch: UInt64, isPresent: Bool, isWelcomed: Bool) {
      self.room = room
      self.hub = hub
      self.epoch = epoch
      self.isPresent = isPresent
      self.isWelcomed = isWelcomed
    }
  }

  /// A device of the asking device's member.
  public struct Device: Hashable, Sendable {
    public var device: DeviceIdentifier
    public var enrolledAt: Timestamp
    public var isLinked: Bool
    /// Items that wait for it.
    public var waiting: UInt64
    /// What it brought when it was enrolled, where another device of the member brought it in.
    public var authorisation: DeviceAuthorisation?

    public init(
      device: DeviceIdentifier, enrolledAt: Timestamp, isLinked: Bool, waiting: UInt64,
      authorisation: DeviceAuthorisation? = nil
    ) {
      self.device = device
      self.enrolledAt = enrolledAt
      self.isLinked = isLinked
      self.waiting = waiting
      self.authorisation = authorisation
    }
  }

  public struct InboxItem: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
      /// An encoded ``LiaisonModel/Envelope``.
      case envelope([UInt8])
      case receipt(Receipt)
      case undeliverable(message: MessageIdentifier, at: Handle, Failure)
    }
    public var sequence: UInt64
    /// Whether it was pushed before its turn, in which it comes again.
    public var isAhead: Bool
    public var content: Content

    public init(sequence: UInt64, isAhead: Bool = false, _ content: Content) {
      self.sequence = sequence
      self.isAhead = isAhead
      self.content = content
    }
  }

  public struct Enrol: Hashable, Sendable {
    /// The invitation's secret, 32 bytes.
    public var secret: [UInt8]
    public var device: MemberCard.Device
    public var binding: Unverified<DeviceBinding>
    /// Where another device of the member brings this one in; the node keeps it for the member's other devices.
    public var authorisation: DeviceAuthorisation?

    public init(
      secret: [UInt8], device: MemberCard.Device, binding: Unverified<DeviceBinding>,
      authorisation: DeviceAuthorisation? = nil
    ) {
      self.secret = secret
      self.device = device
      self.binding = binding
      self.authorisation = authorisation
    }
  }
}

/// The versions of the link protocol.
public enum ProtocolVersion {
  /// What this program speaks.
  public static let supported: ClosedRange<UInt32> = 1...1

  /// The highest version that both sides speak, or `nil`.
  public static func common(_ a: ClosedRange<UInt32>, _ b: ClosedRange<UInt32>) -> UInt32? {
    let highest = min(a.upperBound, b.upperBound)
    return highest >= max(a.lowerBound, b.lowerBound) ? highest : nil
  }
}

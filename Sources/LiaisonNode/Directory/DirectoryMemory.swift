internal import LiaisonLink
internal import LiaisonModel
internal import MerkleLog

/// What the core remembers of directories besides the store.
struct DirectoryMemory: Sendable {
  /// The tree over this node's log, about two hashes an entry; `nil` until it was read.
  private(set) var tree: MerkleTree?
  /// When the log was begun.
  private(set) var beganAt = Timestamp(milliseconds: 0)
  /// The head that was signed last, and by which key.
  var head: (signed: Signed<DirectoryHead>, key: NodeKey)?

  /// Heads of other countries that wait to be held against the newest that was seen.
  var waiting: [Handle: [Unverified<DirectoryHead>]] = [:]
  /// Those of whose logs something was asked and not answered yet.
  var asked: Set<Handle> = []
  /// Heads that were held against the log already, the latest last.
  var checked: [Handle: [DirectoryHead]] = [:]
  /// Those of which there is something new since peers were told last.
  var changed: Set<Handle> = []
  /// Countries that did not say how their logs go on: since when, and when they were asked last.
  private var refusals: [Handle: (since: Timestamp, last: Timestamp)] = [:]
  private var looks: [Handle: TokenBucket] = [:]
  private var invitations: [Address: TokenBucket] = [:]

  /// The number of entries that were read.
  var size: Int { tree?.size ?? 0 }

  mutating func begin(at time: Timestamp) {
    tree = MerkleTree()
    beganAt = time
    head = nil
  }

  mutating func append(_ record: [UInt8]) { tree?.append(.leaf(record)) }

  /// It is read anew when it is needed.
  mutating func forgetTree() {
    tree = nil
    head = nil
  }

  /// Which log was read, and how far.
  var mark: Mark { Mark(beganAt: beganAt, size: size) }

  /// What was read since may never have been: it was undone.
  mutating func forgetTree(since mark: Mark) { if self.mark != mark { forgetTree() } }

  struct Mark: Equatable {
    let beganAt: Timestamp
    let size: Int
  }

  /// Whether one more new head that this peer told of is looked at.
  mutating func mayLook(at peer: Handle, now: Timestamp) -> Bool {
    looks[
      peer,
      default: TokenBucket(
        burst: Limits.directoryHeadsBurst, intervalMilliseconds: Limits.directoryHeadsIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }

  /// Whether a member's device may bring in one more: each makes the log longer for good.
  mutating func mayInvite(_ member: Address, now: Timestamp) -> Bool {
    invitations[
      member,
      default: TokenBucket(
        burst: Limits.deviceInvitationsBurst, intervalMilliseconds: Limits.deviceInvitationsIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }

  /// The head of which a country is to be asked now, if it is.
  func nextToAsk(of handle: Handle, now: Timestamp) -> Unverified<DirectoryHead>? {
    guard !asked.contains(handle) else { return nil }
    // A clock that was set back holds nothing up.
    if let last = refusals[handle]?.last, last <= now, now < last.adding(milliseconds: Limits.directoryAskMilliseconds)
    {
      return nil
    }
    return waiting[handle]?.first
  }

  /// A country could not say how its log goes on; gives whether that has been so for too long.
  mutating func refused(_ handle: Handle, now: Timestamp) -> Bool {
    let since = min(refusals[handle]?.since ?? now, now)
    refusals[handle] = (since, now)
    return since.adding(milliseconds: Limits.directoryUnansweredMilliseconds) <= now
  }

  /// A country has said how its log goes on, or that it does not.
  mutating func answered(_ handle: Handle) { refusals[handle] = nil }

  /// Has a head wait to be held against the log; where too many do, a later one says the same.
  mutating func wait(_ head: Unverified<DirectoryHead>, of handle: Handle) {
    guard let claim = try? head.claim(), !(checked[handle] ?? []).contains(where: { $0.agrees(with: claim) }),
      !(waiting[handle] ?? []).contains(where: { (try? $0.claim())?.agrees(with: claim) ?? true }),
      waiting[handle, default: []].count < Limits.directoryHeadsWaitingMax
    else { return }
    waiting[handle, default: []].append(head)
  }

  /// A head was held against the log.
  mutating func settle(_ heads: [Unverified<DirectoryHead>], of handle: Handle) {
    waiting[handle]?.removeAll { heads.contains($0) }
    if waiting[handle]?.isEmpty ?? false { waiting[handle] = nil }
    let claims = heads.compactMap { try? $0.claim() }
    checked[handle] = Array(((checked[handle] ?? []) + claims).suffix(2 * Limits.directoryHeadsWaitingMax))
  }

  /// Nothing that was known of a country's log holds for the one that it has now.
  mutating func forget(_ handle: Handle) {
    waiting[handle] = nil
    checked[handle] = nil
    refusals[handle] = nil
  }
}

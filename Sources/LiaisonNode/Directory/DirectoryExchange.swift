internal import LiaisonLink
internal import LiaisonModel

/// What is under way of the directories that nodes pass to one another. A node that starts again looks at each anew.
struct DirectoryExchange: Sendable {
  /// When a peer with a link is asked for what is new.
  private(set) var dueAt: [Handle: Timestamp] = [:]
  /// Whose page was asked for and has not come.
  var pulling: Set<Handle> = []
  /// Who asked this node for a page, on which link: they are told of changes.
  var askers: [Handle: LinkID] = [:]
  /// Whether this node's directory changed since they were told last, and when they were.
  var isChanged = false
  /// Whether what is published to whom may have changed since then.
  var isPolicyChanged = false
  var announcedAt: Timestamp?
  /// Peers some of whose members may have to be removed.
  var leftovers: Set<Handle> = []
  /// Pages that peers asked for, and those that they were asked for.
  private var pages: [Handle: TokenBucket] = [:]
  private var questions: [Handle: TokenBucket] = [:]

  /// When something has to be done.
  var wakeAt: Timestamp? {
    var times = Array(dueAt.values)
    if isChanged || isPolicyChanged { times.append(announceAt) }
    if !leftovers.isEmpty { times.append(Timestamp(milliseconds: 0)) }
    return times.min()
  }

  private var announceAt: Timestamp {
    announcedAt?.adding(milliseconds: Limits.directoryHintMilliseconds) ?? Timestamp(milliseconds: 0)
  }

  /// Whether peers are to be told now: those to whom somebody is published, or all who asked.
  mutating func takeAnnouncement(at now: Timestamp) -> (isDue: Bool, toAll: Bool) {
    guard isChanged || isPolicyChanged, announceAt <= now else { return (false, false) }
    defer { (isChanged, isPolicyChanged) = (false, false) }
    announcedAt = now
    return (true, isPolicyChanged)
  }

  /// Plans to ask a peer, no later than is planned.
  mutating func plan(_ peer: Handle, at time: Timestamp) { dueAt[peer] = min(dueAt[peer] ?? time, time) }

  /// The peers that are to be asked now.
  mutating func takeDue(at now: Timestamp) -> [Handle] {
    let due = dueAt.filter { $0.value <= now }.keys.sorted()
    for peer in due { dueAt[peer] = nil }
    return due
  }

  /// Whether a peer may have one page more.
  mutating func takePage(_ peer: Handle, at now: Timestamp) -> Bool {
    pages[
      peer,
      default: TokenBucket(
        burst: Limits.directoryPagesBurst, intervalMilliseconds: Limits.directoryPagesIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }

  /// Whether a peer may be asked for one page more: what it answers costs this node work, however little it is worth.
  mutating func takeQuestion(to peer: Handle, at now: Timestamp) -> Bool {
    questions[
      peer,
      default: TokenBucket(
        burst: Limits.directoryPagesBurst, intervalMilliseconds: Limits.directoryQuestionsIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }

  /// The clock was set back.
  mutating func setBack(by milliseconds: UInt64) {
    dueAt = dueAt.mapValues { $0.subtracting(milliseconds: milliseconds) }
    announcedAt = announcedAt?.subtracting(milliseconds: milliseconds)
  }
}

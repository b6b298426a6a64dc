internal import LiaisonModel

/// How far a device's inbox was pushed on one of its links.
struct Push: Sendable {
  /// The last item that was pushed in its turn, or that the device had already.
  private(set) var position: UInt64
  /// The device holds everything up to this one.
  private(set) var acknowledged: UInt64
  private var outstanding: [(sequence: UInt64, bytes: Int)] = []
  private var bytes = 0
  /// Up to where the items of a precedence were pushed ahead of their turn.
  private var ahead: [Precedence: UInt64] = [:]
  /// What was pushed ahead behind which item. A device takes what is ahead at once, so that it has it when it
  /// acknowledges anything that came after.
  private var outstandingAhead: [(behind: UInt64, bytes: Int)] = []

  init(position: UInt64) {
    self.position = position
    acknowledged = position
  }

  /// How many more items may be pushed in their turn before one is acknowledged.
  var room: Int { bytes >= Limits.inboxWindowBytes ? 0 : Limits.inboxWindow - outstanding.count }

  /// How many more may be pushed ahead of their turn.
  var roomAhead: Int {
    outstandingAhead.reduce(0) { $0 + $1.bytes } >= Limits.inboxAheadWindowBytes
      ? 0 : Limits.inboxAheadWindow - outstandingAhead.count
  }

  /// Whether what comes last is behind so much that it is late.
  var isLong: Bool { position > acknowledged + Limits.inboxAheadDistanceMin }

  /// Which items of a precedence are to be pushed ahead, where those up to `before` have been pushed in their turn. What
  /// is only just about to be is among them, so that their order stays.
  func isAhead(_ precedence: Precedence, since before: UInt64) -> Range<UInt64> {
    let first = max(ahead[precedence, default: 0], before)
    return first + 1..<max(first, acknowledged + Limits.inboxAheadDistanceMax) + 1
  }

  mutating func pushed(_ sequence: UInt64, bytes size: Int) {
    position = sequence
    outstanding.append((sequence, size))
    bytes += size
  }

  /// Pushed ahead, on the link before what follows item `before`.
  mutating func pushedAhead(_ sequence: UInt64, _ precedence: Precedence, bytes size: Int, before: UInt64) {
    ahead[precedence] = sequence
    outstandingAhead.append((before, size))
  }

  /// The device holds everything up to `sequence`, from whichever of its links.
  mutating func acknowledged(through sequence: UInt64) {
    let kept = outstanding.drop { $0.sequence <= sequence }
    bytes = kept.reduce(0) { $0 + $1.bytes }
    outstanding = Array(kept)
    outstandingAhead.removeAll { $0.behind < sequence }
    position = max(position, sequence)
    acknowledged = max(acknowledged, sequence)
  }
}

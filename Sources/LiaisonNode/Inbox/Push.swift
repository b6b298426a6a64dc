internal import LiaisonModel

/// How far a device's inbox was pushed on one of its links.
struct Push: Sendable {
  /// The last item that was pushed, or that the device had already.
  private(set) var position: UInt64
  private var outstanding: [(sequence: UInt64, bytes: Int)] = []
  private var bytes = 0

  init(position: UInt64) { self.position = position }

  /// How many more items may be pushed before one is acknowledged.
  var room: Int { bytes >= Limits.inboxWindowBytes ? 0 : Limits.inboxWindow - outstanding.count }

  mutating func pushed(_ sequence: UInt64, bytes size: Int) {
    position = sequence
    outstanding.append((sequence, size))
    bytes += size
  }

  /// The device holds everything up to `sequence`, from whichever of its links.
  mutating func acknowledged(through sequence: UInt64) {
    let kept = outstanding.drop { $0.sequence <= sequence }
    bytes = kept.reduce(0) { $0 + $1.bytes }
    outstanding = Array(kept)
    position = max(position, sequence)
  }
}

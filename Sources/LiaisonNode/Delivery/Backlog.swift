internal import LiaisonModel

/// What was put on a link and has not left this node, as far as is known. It bounds what a link holds in memory, and how
/// much an urgent envelope finds before it: the rest waits in the store, where it can be overtaken.
struct Backlog: Sendable {
  private var bytes: [Precedence: Int] = [:]
  /// Whether the link was asked to tell when it is gone.
  var isWatched = false

  /// Whether one more of a precedence may be put on the link. As in ``Window``, the upper two may go further, and each has
  /// a share for itself.
  func takes(_ precedence: Precedence) -> Bool {
    bytes.values.reduce(0, +) < Limits.linkBacklogBytes * (1 + precedence.ranksAbove)
      || bytes[precedence, default: 0] < Limits.linkBacklogBytes / Limits.lowerPrecedenceShare
  }

  mutating func add(_ size: Int, _ precedence: Precedence) { bytes[precedence, default: 0] += size }
}

extension Precedence {
  /// 1 for IMMEDIATE, 2 for FLASH, which overtake; 0 for the two below them.
  var ranksAbove: Int { Int(max(self, .priority).rawValue - Precedence.priority.rawValue) }
}

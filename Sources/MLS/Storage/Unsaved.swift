/// What of a group differs from its stored records. The secret trees keep their own account.
package struct Unsaved: Sendable {
  /// Whether the group has never been stored.
  package var everything = true
  package var state = true
  package var nodes: Set<NodeIndex> = []
  /// How many of the proposals are stored; those that were stored before are to be removed where it is nil.
  package var proposalCount: Int? = 0
  package private(set) var pendingCommit = false
  /// Epochs that have become past.
  package var newPastEpochs: Set<UInt64> = []
  /// Whether past epochs were forgotten.
  package private(set) var forgotten = false

  package mutating func markPendingCommit() {
    state = true
    pendingCommit = true
  }

  package mutating func markForgotten() {
    state = true
    forgotten = true
  }

  /// Nothing: the records hold the group, with so many proposals.
  package static func nothing(proposalCount: Int) -> Unsaved {
    var unsaved = Unsaved()
    unsaved.everything = false
    unsaved.state = false
    unsaved.proposalCount = proposalCount
    return unsaved
  }
}

package import LiaisonModel

/// Simulated time: what is to happen, in order of its moment and, at one moment, of its planning.
package struct Schedule {
  private var heap: [Entry] = []
  private var planned: UInt64 = 0
  /// The present moment.
  package private(set) var now: Timestamp

  private struct Entry {
    let at: Timestamp
    let number: UInt64
    let action: () -> Void

    static func < (a: Entry, b: Entry) -> Bool { (a.at, a.number) < (b.at, b.number) }
  }

  /// Begins at a moment.
  package init(at now: Timestamp) { self.now = now }

  /// Whether nothing is planned.
  package var isEmpty: Bool { heap.isEmpty }

  /// When the next thing happens.
  package var nextAt: Timestamp? { heap.first?.at }

  /// Plans an action; one in the past happens at once.
  package mutating func plan(at time: Timestamp, _ action: @escaping () -> Void) {
    planned += 1
    heap.append(Entry(at: max(time, now), number: planned, action: action))
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Goes forward without anything happening; what was planned for the meantime is late then.
  package mutating func leap(to time: Timestamp) { now = max(now, time) }

  /// Takes the next action, and goes to its moment.
  package mutating func next() -> (() -> Void)? {
    guard let first = heap.first else { return nil }
    now = max(now, first.at)
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return first.action
  }
}

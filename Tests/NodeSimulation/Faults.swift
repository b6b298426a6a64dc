package import LiaisonModel
package import TestKit

/// What goes wrong in a region, and how often. Zero is never.
package struct Faults: Sendable {
  /// Milliseconds that a frame takes.
  package var latency: ClosedRange<UInt64> = 1...40
  /// Mean milliseconds between two cuts of some link: what is under way on it is lost.
  package var cutEvery: UInt64 = 0
  /// Mean milliseconds between two times that some link falls silent: what is sent on it is lost, until both sides have
  /// given it up.
  package var silenceEvery: UInt64 = 0
  /// Mean milliseconds between two partitions of some pair of nodes.
  package var partitionEvery: UInt64 = 0
  /// Mean milliseconds between two times that the way between some pair of nodes becomes slow for a while.
  package var slowEvery: UInt64 = 0
  /// Mean milliseconds between two crashes of some node.
  package var crashEvery: UInt64 = 0
  /// One in how many batches ends in a crash: before it is on disk, once it is, or amid what it asked for.
  package var crashInBatchOneIn: UInt64 = 0
  /// Mean milliseconds between two times that some node's disk is full.
  package var fullDiskEvery: UInt64 = 0
  /// Mean milliseconds between two times that somebody's clock is set wrong, by seconds to days.
  package var clockStepEvery: UInt64 = 0
  /// One in how many deliveries, receipts and inbox items comes twice.
  package var duplicateOneIn: UInt64 = 0
  /// One in how many frames between nodes is lost although its link stands, and one in how many is overtaken by what was
  /// sent after it. No honest TCP does so; what comes by another road may.
  package var lossOneIn: UInt64 = 0
  package var overtakenOneIn: UInt64 = 0

  /// A quiet network.
  package init() {}

  /// Everything goes wrong, often, as far as links keep their order.
  package static var rough: Faults {
    var faults = Faults()
    faults.latency = 1...250
    faults.cutEvery = 400
    faults.silenceEvery = 4_000
    faults.partitionEvery = 3_000
    faults.slowEvery = 5_000
    faults.crashEvery = 2_500
    faults.crashInBatchOneIn = 150
    faults.fullDiskEvery = 4_000
    faults.duplicateOneIn = 200
    return faults
  }
}

/// Which faults there were.
package enum FaultKind: String, CaseIterable, Sendable {
  case cut, silence, partition, slow, crash, crashInBatch, fullDisk, clockStep, duplicate, loss, overtaken
  case lie, restore, deviceCrash, deviceFullDisk, deviceRestore, away
}

/// Faults that happen to a whole region.
extension Region {
  /// Lets the faults happen from now on.
  package func beginFaults() {
    isFaulty = true
    recurring(faults.cutEvery) { region in
      guard let link = region.openLinks.randomElement(using: &region.random) else { return }
      region.count(.cut)
      link.cut()
    }
    recurring(faults.silenceEvery) { region in
      guard let link = region.openLinks.randomElement(using: &region.random) else { return }
      region.count(.silence)
      link.fallSilent(untilCutIn: UInt64.random(in: 1_000...Limits.linkSilenceMillisecondsMax, using: &region.random))
    }
    recurring(faults.crashEvery) { region in
      guard let node = region.sortedNodes.randomElement(using: &region.random) else { return }
      region.count(.crash)
      region.crashAndRestart(node)
    }
    recurring(faults.fullDiskEvery) { region in
      guard let node = region.sortedNodes.randomElement(using: &region.random) else { return }
      region.count(.fullDisk)
      node.store.fault = .full
      region.after(milliseconds: UInt64.random(in: 50...1_000, using: &region.random)) { node.store.fault = nil }
    }
    recurring(faults.partitionEvery) { region in
      guard let (a, b) = region.randomPair() else { return }
      region.count(.partition)
      region.partition(a, b)
      region.after(milliseconds: UInt64.random(in: 200...5_000, using: &region.random)) { region.heal(a, b) }
    }
    recurring(faults.slowEvery) { region in
      guard let (a, b) = region.randomPair() else { return }
      region.count(.slow)
      region.slowDown(a, b, to: 500...8_000)
      region.after(milliseconds: UInt64.random(in: 2_000...20_000, using: &region.random)) { region.speedUp(a, b) }
    }
    recurring(faults.clockStepEvery) { region in
      guard let node = region.sortedNodes.randomElement(using: &region.random) else { return }
      region.count(.clockStep)
      node.clockAheadMilliseconds = region.randomClockError()
    }
  }

  /// Ends all faults: what is down comes up, what is apart comes together, and clocks are right.
  package func endFaults() {
    isFaulty = false
    faults = Faults()
    healNetwork()
    for node in sortedNodes {
      node.store.fault = nil
      node.clockAheadMilliseconds = 0
      node.liar = nil
      node.start()
    }
  }

  /// Lets something happen again and again while faults happen.
  package func recurring(_ mean: UInt64, _ fault: @escaping (Region) -> Void) {
    guard mean > 0 else { return }
    after(milliseconds: UInt64.random(in: 1...(2 * mean), using: &random)) { [unowned self] in
      guard isFaulty else { return }
      fault(self)
      recurring(mean, fault)
    }
  }

  /// Whether a fault happens that happens so often.
  package func happens(_ kind: FaultKind, oneIn rate: UInt64) -> Bool {
    guard isFaulty, rate > 0, UInt64.random(in: 1...rate, using: &random) == 1 else { return false }
    count(kind)
    return true
  }

  /// How far off a clock may be: seconds, minutes, hours or days, ahead or behind.
  package func randomClockError() -> Int64 {
    let most: Int64 = [10_000, 600_000, 6 * 3_600_000, 5 * 86_400_000].randomElement(using: &random) ?? 0
    return Int64.random(in: -most...most, using: &random)
  }

  private func randomPair() -> (Handle, Handle)? {
    let pair = Array(sortedNodes.map(\.handle).shuffled(using: &random).prefix(2))
    return pair.count == 2 ? (pair[0], pair[1]) : nil
  }

  /// Ends a node; it comes back after a while.
  package func crashAndRestart(_ node: SimulatedNode) {
    node.crash()
    after(milliseconds: UInt64.random(in: 20...2_000, using: &random)) { node.start() }
  }
}

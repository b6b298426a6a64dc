import NodeSimulation
import SimulationKit
import TestKit

/// What one seed tries: how large a region, what goes wrong in it, what its people do. Each seed has a few kinds of faults
/// and leaves out the others, so that none hides what another would show.
struct Plan {
  let seed: UInt64
  let nodes: Int
  let devices: Int
  let rooms: Int
  let steps: Int
  private(set) var faults = Faults()
  private(set) var deviceFaults = SimulationKit.Region.DeviceFaults()
  /// Whether people are added to and removed from the room of everybody.
  private(set) var changesRooms = false
  /// Whether nodes start again from older backups of their stores.
  private(set) var restores = false
  /// Whether the last node lies to its peers.
  private(set) var lies = false
  private(set) var stepsClocks = false
  /// Whether members have several devices, bring in more of them, and come back into rooms with fresh keys.
  private(set) var severalDevices = false
  /// Whether bundles are carried between nodes besides what links bring.
  private(set) var carries = false
  /// Whether people have their nodes take rooms over, and the hub of the room of everybody goes down until the end.
  private(set) var takesOver = false

  /// Every hundredth seed is a region as large as any that is planned for.
  static let wholeRegionEvery: UInt64 = 100

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededGenerator(seed: seed &* 0x1_0001)
    if seed.isMultiple(of: Self.wholeRegionEvery) {
      (nodes, devices, rooms, steps) = (19, 60, 6, 60)
    } else {
      nodes = Int.random(in: 2...4, using: &random)
      devices = nodes + Int.random(in: 1...3, using: &random)
      rooms = Int.random(in: 1...2, using: &random)
      steps = 30
    }
    chooseFaults(&random)
  }

  /// A small region in which nothing goes wrong by itself.
  init(quiet seed: UInt64) {
    self.seed = seed
    (nodes, devices, rooms, steps) = (3, 4, 1, 20)
  }

  private mutating func chooseFaults(_ random: inout SeededGenerator) {
    func mean(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    func often() -> Bool { UInt64.random(in: 0..<5, using: &random) < 2 }
    func seldom() -> Bool { UInt64.random(in: 0..<6, using: &random) == 0 }
    faults.latency = 1...([20, 100, 400].randomElement(using: &random) ?? 20)
    if often() { faults.cutEvery = mean(300...2_000) }
    if often() { faults.silenceEvery = mean(2_000...8_000) }
    if often() { faults.partitionEvery = mean(1_000...5_000) }
    if often() { faults.slowEvery = mean(1_000...5_000) }
    if often() { faults.crashEvery = mean(1_000...5_000) }
    if often() { faults.crashInBatchOneIn = mean(30...200) }
    if often() { faults.fullDiskEvery = mean(1_000...5_000) }
    if often() { faults.duplicateOneIn = mean(5...100) }
    if seldom() { (faults.lossOneIn, faults.overtakenOneIn) = (mean(10...60), mean(5...30)) }
    if often() { deviceFaults.crashOneIn = mean(30...200) }
    if often() { deviceFaults.fullDiskEvery = mean(2_000...6_000) }
    if often() { deviceFaults.awayEvery = mean(2_000...6_000) }
    if seldom() {
      stepsClocks = true
      faults.clockStepEvery = mean(2_000...8_000)
      deviceFaults.clockStepEvery = mean(2_000...8_000)
    }
    lies = nodes > 2 && seldom()
    // What a node orders and forgets again is for a later day: no commits where stores go back in time.
    restores = seldom()
    changesRooms = !restores && often()
    // A commit that a restored node forgot is for a later day, and a device that comes in makes one.
    severalDevices = !restores && often()
    carries = often()
    takesOver = nodes > 2 && !restores && !lies && often()
    if takesOver { changesRooms = true }
  }

  /// In words, for whoever looks at a failure.
  var words: String {
    """
    \(nodes) nodes, \(devices) devices, \(rooms) rooms, \(faults), \(deviceFaults)\(changesRooms ? ", members change" : "")\
    \(severalDevices ? ", several devices" : "")\(takesOver ? ", hubs are taken over" : "")\
    \(restores ? ", stores are restored" : "")\(lies ? ", a peer lies" : "")\(carries ? ", bundles are carried" : "")
    """
  }

  /// Whether all that a sender writes with one precedence has to arrive in its order. Links keep it; what comes by other
  /// roads, or is asked for because a disk forgot it, comes when it comes.
  ///
  /// What a node refuses because its clock is far behind, and whose refusal a full disk drops, is sent again later and is
  /// taken then, once the clock is right: behind what came meanwhile.
  var keepsOrder: Bool {
    faults.lossOneIn == 0 && faults.overtakenOneIn == 0 && !restores && !(stepsClocks && faults.fullDiskEvery > 0)
  }

  /// Whether something may have to be asked for, and comes as what was sent again.
  var mayComeAgain: Bool { restores || lies || stepsClocks || !keepsOrder }
}

package import LiaisonModel
internal import LiaisonNode
package import LiaisonProtocol
package import TestKit

/// A region of nodes and devices in one process, on simulated time, network and disks, with faults that a seed repeats.
package final class Region {
  /// What goes wrong, and how often.
  package struct Faults: Sendable {
    /// Milliseconds that a frame takes.
    package var latency: ClosedRange<UInt64> = 1...40
    /// Mean milliseconds between two cuts of some link; 0 for none.
    package var cutEvery: UInt64 = 0
    /// Mean milliseconds between two crashes of some node; 0 for none.
    package var crashEvery: UInt64 = 0
    /// One in how many batches is followed by a crash before anything that it asked for is done; 0 for none.
    package var crashAfterCommitOneIn: UInt64 = 0
    /// Mean milliseconds between two times that some node's disk is full; 0 for none.
    package var fullDiskEvery: UInt64 = 0
    /// Mean milliseconds between two partitions of some pair of nodes; 0 for none.
    package var partitionEvery: UInt64 = 0

    /// A quiet network.
    package init() {}

    /// Everything goes wrong, often.
    package static var rough: Faults {
      var faults = Faults()
      faults.latency = 1...250
      faults.cutEvery = 400
      faults.crashEvery = 2_500
      faults.crashAfterCommitOneIn = 150
      faults.fullDiskEvery = 4_000
      faults.partitionEvery = 3_000
      return faults
    }
  }

  /// What the seed gives.
  package var random: SeededGenerator
  /// What goes wrong.
  package var faults: Faults
  /// The nodes, by handle.
  package private(set) var nodes: [Handle: SimulatedNode] = [:]
  private var schedule: Schedule
  private var links: [SimulatedLink] = []
  private var linksMade: UInt64 = 0
  private var partitions: Set<Set<Handle>> = []
  private var isFaulty = false

  /// A region without nodes, at a moment in 2026.
  package init(seed: UInt64, faults: Faults = Faults()) {
    random = SeededGenerator(seed: seed)
    self.faults = faults
    schedule = Schedule(at: Timestamp(milliseconds: 1_780_000_000_000))
  }

  /// Simulated time.
  package var now: Timestamp { schedule.now }

  /// Adds nodes, and activates each at each other.
  package func addNodes(_ handles: [String]) throws {
    for handle in handles {
      let handle = try Handle(handle)
      nodes[handle] = try SimulatedNode(handle, in: self)
    }
    for node in sortedNodes {
      node.trust(
        PeerTable(sortedNodes.filter { $0 !== node }.map { PeerTable.Peer(card: $0.card, standing: .active) }))
    }
  }

  /// The nodes in the order of their handles.
  package var sortedNodes: [SimulatedNode] { nodes.sorted { $0.key < $1.key }.map(\.value) }

  /// The node of a handle.
  package func node(_ handle: String) throws -> SimulatedNode {
    guard let node = nodes[try Handle(handle)] else { throw SimulationError("there is no node \(handle)") }
    return node
  }

  /// All nodes' cards, as a device of a region in which everybody is active sees them.
  package var cards: [Handle: Signed<NodeCard>] { nodes.mapValues(\.card) }

  // MARK: Time

  /// Plans something.
  package func at(_ time: Timestamp, _ action: @escaping () -> Void) { schedule.plan(at: time, action) }

  /// Plans something for later.
  package func after(milliseconds: UInt64, _ action: @escaping () -> Void) {
    schedule.plan(at: now.adding(milliseconds: milliseconds), action)
  }

  /// Lets time pass.
  package func run(milliseconds: UInt64) {
    let end = now.adding(milliseconds: milliseconds)
    var isOver = false
    at(end) { isOver = true }
    while !isOver, let action = schedule.next() { action() }
  }

  /// Lets the clocks of all machines go forward while all machines stand still.
  package func leap(milliseconds: UInt64) { schedule.leap(to: now.adding(milliseconds: milliseconds)) }

  /// Lets time pass until a condition holds. Returns whether it came to hold in time.
  package func run(atMostMilliseconds limit: UInt64, until condition: () -> Bool) -> Bool {
    let end = now.adding(milliseconds: limit)
    while now < end {
      if condition() { return true }
      run(milliseconds: 100)
    }
    return condition()
  }

  // MARK: Network

  func latency() -> UInt64 { UInt64.random(in: faults.latency, using: &random) }

  /// Connects two ends, the dialler saying Hello first.
  package func connect(
    _ dialler: any LinkEnd, to acceptor: any LinkEnd, _ identity: SimulatedLink.LinkIdentity, hello: Frame.Hello
  ) -> SimulatedLink {
    linksMade += 1
    let link = SimulatedLink(LinkID(linksMade), from: dialler, to: acceptor, identity, in: self)
    links.removeAll { !$0.isOpen[0] && !$0.isOpen[1] }
    links.append(link)
    link.send(Frame(.hello(hello)), from: dialler)
    return link
  }

  func dial(from node: SimulatedNode, to peer: Handle, orElse failed: @escaping () -> Void) {
    after(milliseconds: latency()) {
      guard node.isUp else { return }
      guard let other = self.nodes[peer], other.isUp, !self.partitions.contains([node.handle, peer]) else {
        return failed()
      }
      let hello = Frame.Hello(clock: self.now, software: "simulated", nodeCard: node.card.unverified)
      let link = self.connect(node, to: other, .peer(dialler: node.handle, acceptor: peer), hello: hello)
      link.send(
        Frame(.hello(Frame.Hello(clock: self.now, software: "simulated", nodeCard: other.card.unverified))),
        from: other)
    }
  }

  /// Breaks every link between two nodes, and lets none stand until it is healed.
  package func partition(_ a: Handle, _ b: Handle) {
    partitions.insert([a, b])
    for link in links {
      if case .peer(let dialler, let acceptor) = link.identity, Set([dialler, acceptor]) == [a, b] { link.cut() }
    }
  }

  /// Lets two nodes reach one another again.
  package func heal(_ a: Handle, _ b: Handle) { partitions.remove([a, b]) }

  // MARK: Faults

  /// Lets the faults happen from now on.
  package func beginFaults() {
    isFaulty = true
    recurring(faults.cutEvery) { region in
      let open = region.links.filter { $0.isOpen[0] || $0.isOpen[1] }
      open.randomElement(using: &region.random)?.cut()
    }
    recurring(faults.crashEvery) { region in
      guard let node = region.sortedNodes.randomElement(using: &region.random) else { return }
      region.crashAndRestart(node)
    }
    recurring(faults.fullDiskEvery) { region in
      guard let node = region.sortedNodes.randomElement(using: &region.random) else { return }
      node.store.fault = .full
      region.after(milliseconds: UInt64.random(in: 50...1_000, using: &region.random)) { node.store.fault = nil }
    }
    recurring(faults.partitionEvery) { region in
      let pair = Array(region.sortedNodes.map(\.handle).shuffled(using: &region.random).prefix(2))
      guard pair.count == 2 else { return }
      region.partition(pair[0], pair[1])
      region.after(milliseconds: UInt64.random(in: 200...5_000, using: &region.random)) {
        region.heal(pair[0], pair[1])
      }
    }
  }

  /// Ends all faults: what is down comes up, what is apart comes together.
  package func endFaults() {
    isFaulty = false
    partitions = []
    for node in sortedNodes {
      node.store.fault = nil
      node.start()
    }
  }

  func crashesAfterCommit() -> Bool {
    guard isFaulty, faults.crashAfterCommitOneIn > 0 else { return false }
    return UInt64.random(in: 1...faults.crashAfterCommitOneIn, using: &random) == 1
  }

  func crashAndRestart(_ node: SimulatedNode) {
    node.crash()
    after(milliseconds: UInt64.random(in: 20...2_000, using: &random)) { node.start() }
  }

  private func recurring(_ mean: UInt64, _ fault: @escaping (Region) -> Void) {
    guard mean > 0 else { return }
    after(milliseconds: UInt64.random(in: 1...(2 * mean), using: &random)) { [unowned self] in
      guard isFaulty else { return }
      fault(self)
      recurring(mean, fault)
    }
  }
}

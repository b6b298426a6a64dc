package import LiaisonModel
internal import LiaisonNode
package import LiaisonProtocol
package import TestKit

/// A region of nodes and devices in one process, on simulated time, network and disks, with faults that a seed repeats.
package final class Region {
  /// What the seed gives.
  package var random: SeededGenerator
  /// What goes wrong.
  package var faults: Faults
  /// How long a node has not reached a room's hub, when it consents to a takeover.
  package var hubAwayMilliseconds = Limits.hubAwayMilliseconds {
    didSet { for node in sortedNodes { node.adoptHubAway() } }
  }
  /// How often what went wrong.
  package private(set) var faultCounts: [FaultKind: Int] = [:]
  /// What happened.
  package var trace = Trace()
  /// The nodes, by handle.
  package private(set) var nodes: [Handle: SimulatedNode] = [:]
  var isFaulty = false
  private var schedule: Schedule
  private var links: [SimulatedLink] = []
  /// Whoever has dialled, which links do not keep.
  private var diallers: [ObjectIdentifier: any LinkEnd] = [:]
  private var linksMade: UInt64 = 0
  private var partitions: Set<Set<Handle>> = []
  private var slow: [Set<Handle>: ClosedRange<UInt64>] = [:]

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
  package func node(_ handle: String) throws -> SimulatedNode { try node(Handle(handle)) }

  /// The node of a handle.
  package func node(_ handle: Handle) throws -> SimulatedNode {
    guard let node = nodes[handle] else { throw SimulationError("there is no node \(handle)") }
    return node
  }

  /// All nodes' cards, as a device of a region in which everybody is active sees them.
  package var cards: [Handle: Signed<NodeCard>] { nodes.mapValues(\.card) }

  /// Something went wrong, as it was to.
  package func count(_ fault: FaultKind) {
    faultCounts[fault, default: 0] += 1
    trace.note("fault", at: now, UInt64(FaultKind.allCases.firstIndex(of: fault) ?? 0))
  }

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

  /// Milliseconds that a frame takes on a link.
  func latency(of link: SimulatedLink) -> UInt64 {
    guard !slow.isEmpty, case .peer(let a, let b) = link.identity, let range = slow[[a, b]] else { return latency() }
    return UInt64.random(in: range, using: &random)
  }

  /// The links that at least one side takes for standing.
  var openLinks: [SimulatedLink] { links.filter { $0.isOpen[0] || $0.isOpen[1] } }

  /// Connects two ends, the dialler saying Hello first.
  @discardableResult
  package func connect(
    _ dialler: any LinkEnd, to acceptor: any LinkEnd, _ identity: SimulatedLink.LinkIdentity, hello: Frame.Hello
  ) -> SimulatedLink {
    diallers[ObjectIdentifier(dialler)] = dialler
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
      let link = self.connect(
        node, to: other, .peer(dialler: node.handle, acceptor: peer), hello: node.hello(showingCard: true))
      node.dialled(link, peer)
      link.send(Frame(.hello(other.hello(showingCard: true))), from: other)
    }
  }

  /// The link between two nodes that stands, if one does.
  func standingLink(_ a: Handle, _ b: Handle) -> SimulatedLink? {
    links.last { link in
      guard case .peer(let dialler, let acceptor) = link.identity else { return false }
      return Set([dialler, acceptor]) == [a, b] && link.isOpen == [true, true]
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

  /// Lets what two nodes send one another take that many milliseconds.
  package func slowDown(_ a: Handle, _ b: Handle, to range: ClosedRange<UInt64>) { slow[[a, b]] = range }

  /// Lets it be as fast as between others again.
  package func speedUp(_ a: Handle, _ b: Handle) { slow[[a, b]] = nil }

  /// Lets all nodes reach one another again, at ordinary speed.
  func healNetwork() {
    partitions = []
    slow = [:]
  }

  /// Cuts a node from all its peers; its devices keep it.
  package func cutPeers(of handle: Handle) {
    for link in links {
      if case .peer(let dialler, let acceptor) = link.identity, [dialler, acceptor].contains(handle) { link.cut() }
    }
  }
}

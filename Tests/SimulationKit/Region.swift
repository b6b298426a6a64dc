internal import LiaisonClient
package import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonStore
package import TestKit

/// Countries in one process: real cores of nodes over real stores, real engines over real profiles, and between them a
/// network and a clock that are simulated, so that a seed repeats every run.
package final class Region {
  /// What goes wrong, and how often.
  package struct Faults {
    /// Of each frame that is sent, how many in a million cut their link.
    package var cutsPerMillion: UInt64 = 0
    /// Of each frame that a node takes, how many in a million crash it afterwards.
    package var nodeCrashesPerMillion: UInt64 = 0
    /// Of each step of a device, how many in a million crash it: after its transaction, before anything is sent.
    package var deviceCrashesPerMillion: UInt64 = 0
    /// Of each item or delivery, how many in a million come twice.
    package var duplicatesPerMillion: UInt64 = 0

    package init() {}

    /// Everything, often.
    package static var all: Faults {
      var faults = Faults()
      faults.cutsPerMillion = 4000
      faults.nodeCrashesPerMillion = 1500
      faults.deviceCrashesPerMillion = 4000
      faults.duplicatesPerMillion = 5000
      return faults
    }
  }

  /// Milliseconds that a frame takes, at least and at most.
  package static let latencyMilliseconds: ClosedRange<UInt64> = 1...40
  /// Milliseconds that a node or a device is gone after a crash.
  package static let outageMilliseconds: ClosedRange<UInt64> = 200...4000

  package private(set) var now = Timestamp(milliseconds: 1_790_000_000_000)
  package var faults = Faults()
  package var generator: SeededGenerator
  /// What must not happen and did: an engine that threw, a node that broke a rule.
  package private(set) var findings: [String] = []
  /// How many faults there were.
  package private(set) var faultCount = 0

  private var events: [Event] = []
  private var eventCount: UInt64 = 0
  private var linkCount: UInt64 = 0
  private var links: [UInt64: SimulatedLink] = [:]
  var nodes: [Handle: SimulatedNode] = [:]
  package private(set) var devices: [SimulatedDevice] = []
  let folder: TemporaryDirectory

  private struct Event {
    let at: UInt64
    let order: UInt64
    let run: () -> Void
  }

  /// Nodes with these handles, each an active peer of every other.
  package init(seed: UInt64, handles: [String]) throws {
    generator = SeededGenerator(seed: seed)
    folder = try TemporaryDirectory(inMemory: true)
    for name in handles {
      let handle = try Handle(name)
      nodes[handle] = try SimulatedNode(handle, generator: &generator, now: now)
    }
    for node in nodes.values { node.befriend(nodes.values.filter { $0 !== node }.map(\.card)) }
    for handle in nodes.keys.sorted() { start(handle) }
  }

  package func fail(_ finding: String) { findings.append(finding) }

  /// Whether something happens that happens this often.
  func chance(_ perMillion: UInt64) -> Bool {
    guard perMillion > 0, UInt64.random(in: 0..<1_000_000, using: &generator) < perMillion else { return false }
    faultCount += 1
    return true
  }

  // MARK: Time

  /// Runs `body` after some milliseconds.
  package func after(_ milliseconds: UInt64, _ body: @escaping () -> Void) {
    eventCount += 1
    let event = Event(at: now.milliseconds + milliseconds, order: eventCount, run: body)
    events.append(event)
    var child = events.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.precedes(events[child], events[parent]) else { break }
      events.swapAt(child, parent)
      child = parent
    }
  }

  private static func precedes(_ a: Event, _ b: Event) -> Bool { (a.at, a.order) < (b.at, b.order) }

  private func nextEvent() -> Event? {
    guard let first = events.first else { return nil }
    let last = events.removeLast()
    guard !events.isEmpty else { return first }
    events[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < events.count {
        if Self.precedes(events[child], events[least]) { least = child }
      }
      if least == parent { return first }
      events.swapAt(parent, least)
      parent = least
    }
  }

  /// Lets this many milliseconds pass.
  package func run(milliseconds: UInt64) {
    let end = now.milliseconds + milliseconds
    while let first = events.first, first.at <= end, findings.isEmpty {
      guard let event = nextEvent() else { break }
      now = Timestamp(milliseconds: max(now.milliseconds, event.at))
      event.run()
    }
    now = Timestamp(milliseconds: end)
  }

  /// Lets time pass until `isDone`, which is asked every 100 ms; gives whether that came true within the time.
  package func run(until isDone: () -> Bool, milliseconds: UInt64 = 600_000) -> Bool {
    let end = now.milliseconds + milliseconds
    while now.milliseconds < end, findings.isEmpty {
      if isDone() { return true }
      run(milliseconds: 100)
    }
    return isDone()
  }

  // MARK: Links

  enum End: Hashable {
    case node(Handle)
    case device(Int)
  }

  private func link(_ a: End, _ b: End) -> UInt64 {
    linkCount += 1
    links[linkCount] = SimulatedLink(a: a, b: b)
    return linkCount
  }

  /// Cuts a link: what is under way is lost, and both ends that are up learn of it.
  func cut(_ number: UInt64) {
    guard let link = links.removeValue(forKey: number) else { return }
    for end in [link.a, link.b] {
      switch end {
      case .node(let handle): feed([.linkClosed(LinkID(number))], to: handle)
      case .device(let index): devices[index].lost(number)
      }
    }
  }

  /// Sends over a link, in order and after a while.
  func send(_ frame: Frame, over number: UInt64, from end: End) {
    guard let link = links[number] else { return }
    if chance(faults.cutsPerMillion) {
      cut(number)
      return
    }
    let target = link.a == end ? link.b : link.a
    let arrival = link.arrival(from: end, earliest: now.milliseconds + delay())
    deliver(frame, over: number, to: target, at: arrival)
    if frame.isRepeatable, chance(faults.duplicatesPerMillion) { deliver(frame, over: number, to: target, at: arrival) }
  }

  private func deliver(_ frame: Frame, over number: UInt64, to target: End, at arrival: UInt64) {
    after(arrival - now.milliseconds) { [unowned self] in
      guard links[number] != nil else { return }
      switch target {
      case .node(let handle):
        feed([.frame(LinkID(number), frame)], to: handle)
        if chance(faults.nodeCrashesPerMillion) { crash(handle) }
      case .device(let index): devices[index].received(frame, over: number)
      }
    }
  }

  private func delay() -> UInt64 { UInt64.random(in: Self.latencyMilliseconds, using: &generator) }

  func outage() -> UInt64 { UInt64.random(in: Self.outageMilliseconds, using: &generator) }

  /// A device's link to its node; `nil` where the node is down.
  func connect(_ device: Int, _ identifier: DeviceIdentifier, to handle: Handle, position: UInt64) -> UInt64? {
    guard let node = nodes[handle], node.isUp else { return nil }
    let number = link(.device(device), .node(handle))
    // What the device sends at once comes behind its Hello.
    let arrival = links[number]?.arrival(from: .device(device), earliest: now.milliseconds + delay()) ?? 0
    after(arrival - now.milliseconds) { [unowned self] in
      guard links[number] != nil else { return }
      feed([.linkOpened(LinkID(number), .device(identifier, inboxPosition: position))], to: handle)
    }
    return number
  }

  // MARK: Nodes

  private func feed(_ inputs: [Input], to handle: Handle) {
    guard let node = nodes[handle], node.isUp else { return }
    for output in node.process(inputs, now: now, generator: &generator) { perform(output, of: handle) }
    guard let wake = node.wakeAt, wake != node.plannedWake else { return }
    node.plannedWake = wake
    let (wait, incarnation) = (wake.milliseconds - min(wake.milliseconds, now.milliseconds), node.incarnation)
    after(max(wait, 1)) { [unowned self] in
      guard node.isUp, node.incarnation == incarnation, node.plannedWake == wake else { return }
      node.plannedWake = nil
      feed([.tick], to: handle)
    }
  }

  private func perform(_ output: Output, of handle: Handle) {
    switch output {
    case .send(let link, let frame): send(frame, over: link.rawValue, from: .node(handle))
    case .close(let link, _): cut(link.rawValue)
    case .watch(let link): after(delay()) { [unowned self] in feed([.linkDrained(link)], to: handle) }
    case .dial(let peer): dial(peer, from: handle)
    case .storeFailed(let error): fail("the store of \(handle) failed: \(error)")
    case .event(let event): if event.severity == .error { fail("\(handle): \(event.text)") }
    case .answer(_, let answer): nodes[handle]?.answer = answer
    case .tally: break
    }
  }

  private func dial(_ peer: Handle, from handle: Handle) {
    after(delay()) { [unowned self] in
      guard let node = nodes[handle], node.isUp else { return }
      guard let other = nodes[peer], other.isUp else { return feed([.dialFailed(peer)], to: handle) }
      let number = link(.node(handle), .node(peer))
      feed([.linkOpened(LinkID(number), .peer(peer, dialledHere: true))], to: handle)
      guard links[number] != nil else { return }
      feed([.linkOpened(LinkID(number), .peer(handle, dialledHere: false))], to: peer)
    }
  }

  private func start(_ handle: Handle) {
    nodes[handle]?.start()
    feed([.tick], to: handle)
  }

  /// Ends a node as a power cut would: what its store committed is all that is left. It comes back after a while.
  package func crash(_ handle: Handle, forMilliseconds outage: UInt64? = nil) {
    guard let node = nodes[handle], node.isUp else { return }
    node.stop()
    for number in links.filter({ $0.value.a == .node(handle) || $0.value.b == .node(handle) }).keys.sorted() {
      cut(number)
    }
    after(outage ?? self.outage()) { [unowned self] in start(handle) }
  }

  /// What a node's disk held at one moment.
  package struct Backup {
    fileprivate let handle: Handle
    fileprivate let store: SQLiteNodeStore
  }

  /// Copies a node's disk.
  package func backUp(_ handle: Handle) throws -> Backup {
    guard let node = nodes[handle] else { throw RegionError.refused }
    return Backup(handle: handle, store: try node.backUp())
  }

  /// Ends a node, and starts it again from what was on its disk then.
  package func restore(_ backup: Backup) throws {
    crash(backup.handle)
    try nodes[backup.handle]?.restore(backup.store)
  }

  /// Cuts a node from all its peers; its devices keep it.
  package func cutPeers(of handle: Handle) {
    let numbers = links.filter { link in
      guard case .node = link.value.a, case .node = link.value.b else { return false }
      return link.value.a == .node(handle) || link.value.b == .node(handle)
    }.keys
    for number in numbers.sorted() { cut(number) }
  }

  /// Asks a node something as its administrator.
  func administer(_ request: AdministrationRequest, at handle: Handle) -> AdministrationAnswer? {
    nodes[handle]?.answer = nil
    feed([.administration(AdministrationID(0), request)], to: handle)
    return nodes[handle]?.answer
  }

  private var counts: [StoreCounts] {
    nodes.keys.sorted().compactMap { handle in
      if case .status(let status)? = administer(.status, at: handle) { status.counts } else { nil }
    }
  }

  /// Envelopes that nodes hold for one another.
  package var queuedCount: Int { counts.reduce(0) { $0 + $1.queued + $1.held } }
  /// Items that nodes hold for their devices.
  package var inboxCount: Int { counts.reduce(0) { $0 + $1.inboxItems } }

  // MARK: Devices

  /// Enrols a new member's device, which connects at once.
  @discardableResult
  package func enrol(_ address: String) throws -> SimulatedDevice {
    let address = try Address(address)
    guard
      case .invitation(let invitation)? = administer(
        .invite(
          address, profile: MemberProfile(name: address.member, discipline: .cyber, role: ""),
          expiresAt: now.adding(milliseconds: 86_400_000)), at: address.handle)
    else { throw RegionError.refused }
    let device = try SimulatedDevice(self, index: devices.count, name: address.description)
    devices.append(device)
    let request = try device.open().beginEnrolment(invitation, now: now)
    guard let node = nodes[address.handle] else { throw RegionError.refused }
    let number = LinkID(.max)
    _ = node.process([.linkOpened(number, .enrolment(request.linkKey.publicKey))], now: now, generator: &generator)
    let outputs = node.process([.frame(number, Frame(request: 1, request.request))], now: now, generator: &generator)
    _ = node.process([.linkClosed(number)], now: now, generator: &generator)
    let answer = outputs.compactMap { output -> Frame.Body? in
      if case .send(number, let frame) = output, frame.request == 1 { frame.body } else { nil }
    }
    guard let body = answer.first else { throw RegionError.refused }
    _ = try device.open().finishEnrolment(body, now: now)
    device.connect()
    return device
  }

  /// A second program on a device's profile.
  package func secondProgram(of device: SimulatedDevice) throws -> SimulatedDevice {
    let second = try SimulatedDevice(self, index: devices.count, name: device.name, path: device.path)
    devices.append(second)
    second.connect()
    return second
  }
}

/// Why a region could not be set up.
package enum RegionError: Error { case refused }

/// A connection: frames in each direction arrive in their order.
private final class SimulatedLink {
  let a: Region.End
  let b: Region.End
  private var latest: [Region.End: UInt64] = [:]

  init(a: Region.End, b: Region.End) {
    self.a = a
    self.b = b
  }

  func arrival(from end: Region.End, earliest: UInt64) -> UInt64 {
    let arrival = max(earliest, latest[end] ?? 0)
    latest[end] = arrival
    return arrival
  }
}

extension Frame {
  /// Whether it may come twice over faults that links do not hide: from another road, or after a restart.
  fileprivate var isRepeatable: Bool {
    switch body {
    case .deliver, .inboxItem: true
    default: false
    }
  }
}

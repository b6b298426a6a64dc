internal import LiaisonClient
package import LiaisonModel
internal import LiaisonNode
package import NodeSimulation
internal import TestKit

/// Countries in one process: a simulated network of real nodes (``NodeSimulation/Region``), and at them the devices of
/// professionals, with real engines over real profiles. A seed repeats every run.
package final class Region {
  /// The nodes, their links, disks and clocks, and what goes wrong with them.
  package let network: NodeSimulation.Region
  package private(set) var devices: [SimulatedDevice] = []
  /// What goes wrong with devices, and how often.
  package var deviceFaults = DeviceFaults()
  let folder: TemporaryDirectory
  private var deviceFindings: [String] = []

  /// What goes wrong with devices. Zero is never.
  package struct DeviceFaults: Sendable {
    /// One in how many times that a device has something to do it crashes: before its transaction, or amid what comes of
    /// it.
    package var crashOneIn: UInt64 = 0
    /// Mean milliseconds between two times that some device's disk takes nothing.
    package var fullDiskEvery: UInt64 = 0
    /// Mean milliseconds between two times that some device's clock is set wrong.
    package var clockStepEvery: UInt64 = 0
    /// Mean milliseconds between two times that somebody goes away for a while.
    package var awayEvery: UInt64 = 0

    package init() {}
  }

  /// Nodes with these handles, each an active peer of every other.
  package init(seed: UInt64, handles: [String]) throws {
    network = NodeSimulation.Region(seed: seed)
    folder = try TemporaryDirectory(inMemory: true)
    try network.addNodes(handles)
  }

  /// Two people of two countries, and the room that they have with one another.
  package static func pair(
    seed: UInt64
  ) throws -> (region: Region, ana: SimulatedDevice, bo: SimulatedDevice, room: RoomIdentifier) {
    let region = try Region(seed: seed, handles: ["xa", "xb"])
    let (ana, bo) = (try region.enrol("ana@xa"), try region.enrol("bo@xb"))
    guard region.run(until: { ana.isIdle && bo.isIdle }) else { throw SimulationError("enrolment does not end") }
    let room = try ana.act { try $0.roomOf([bo.address], now: $1) }.room
    return (region, ana, bo, room)
  }

  package var now: Timestamp { network.now }

  /// What must not happen and did: an engine that threw, a node that broke a rule.
  package var findings: [String] {
    deviceFindings + network.sortedNodes.flatMap { node in node.errors.map { "\(node.handle): \($0)" } }
  }

  package func fail(_ finding: String) { deviceFindings.append(finding) }

  // MARK: Time

  /// Lets this many milliseconds pass.
  package func run(milliseconds: UInt64) { network.run(milliseconds: milliseconds) }

  /// Lets time pass until `isDone`, which is asked every 100 ms; gives whether that came true within the time, and before
  /// anything happened that must not.
  package func run(until isDone: () -> Bool, milliseconds: UInt64 = 600_000) -> Bool {
    network.run(atMostMilliseconds: milliseconds) { !findings.isEmpty || isDone() } && isDone()
  }

  // MARK: Faults

  /// Lets `faults` and ``deviceFaults`` happen from now on.
  package func beginFaults(_ faults: Faults) {
    network.faults = faults
    network.beginFaults()
    network.recurring(deviceFaults.fullDiskEvery) { [unowned self] _ in
      guard let device = randomDevice() else { return }
      network.count(.deviceFullDisk)
      device.isDiskFull = true
      network.after(milliseconds: UInt64.random(in: 50...2_000, using: &network.random)) { device.isDiskFull = false }
    }
    network.recurring(deviceFaults.clockStepEvery) { [unowned self] _ in
      guard let device = randomDevice() else { return }
      network.count(.clockStep)
      device.clockAheadMilliseconds = network.randomClockError()
    }
    network.recurring(deviceFaults.awayEvery) { [unowned self] _ in
      guard let device = randomDevice(), !device.isOffline else { return }
      network.count(.away)
      device.isOffline = true
      network.after(milliseconds: UInt64.random(in: 500...20_000, using: &network.random)) { device.isOffline = false }
    }
  }

  private func randomDevice() -> SimulatedDevice? { devices.randomElement(using: &network.random) }

  /// Ends all faults, and sets all clocks right.
  package func endFaults() {
    network.endFaults()
    deviceFaults = DeviceFaults()
    for device in devices {
      device.isDiskFull = false
      device.clockAheadMilliseconds = 0
      device.isOffline = false
    }
  }

  // MARK: Nodes

  private var counts: [StoreCounts] {
    network.sortedNodes.compactMap { node in
      if case .status(let status)? = try? node.administer(.status) { status.counts } else { nil }
    }
  }

  /// What nodes hold for one another or for their devices; with what they keep aside for rooms and epochs to come, or not.
  package func waitingCount(countingHeld: Bool = true) -> Int {
    counts.reduce(0) { $0 + $1.queued + (countingHeld ? $1.held : 0) + $1.inboxItems }
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
    let node = try network.node(address.handle)
    let device = try SimulatedDevice(self, index: devices.count, name: address.description)
    devices.append(device)
    let request = try device.open().beginEnrolment(node.invite(address.member), now: now)
    let answer = try node.answer(to: request.request, from: .enrolment(request.linkKey.publicKey))
    _ = try device.open().finishEnrolment(answer, now: now)
    device.connect()
    return device
  }

  /// Enrols one more device of a device's member, which that device invites; it connects at once.
  @discardableResult
  package func enrol(invitedBy first: SimulatedDevice) throws -> SimulatedDevice {
    let device = try SimulatedDevice(self, index: devices.count, name: "\(first.name)/\(devices.count)")
    devices.append(device)
    let node = try network.node(first.address.handle)
    let (invitation, invite) = try first.open().inviteDevice(lifetimeMilliseconds: 3_600_000, now: now)
    let own = try first.open().identity.device
    guard case .done = try node.answer(to: invite, from: .device(own, inboxPosition: first.open().inboxPosition)) else {
      throw SimulationError("the node takes no invitation of a device")
    }
    let request = try device.open().beginEnrolment(invitation, now: now)
    let answer = try node.answer(to: request.request, from: .enrolment(request.linkKey.publicKey))
    _ = try device.open().finishEnrolment(answer, now: now)
    device.connect()
    return device
  }

  /// A second program on a device's profile.
  package func secondProgram(of device: SimulatedDevice) throws -> SimulatedDevice {
    let second = try SimulatedDevice(self, index: devices.count, name: device.name, sharing: device)
    devices.append(second)
    second.connect()
    return second
  }
}

import LiaisonModel
import LiaisonNode
import NodeSimulation

/// One run of a region in rough weather: people talk, come, go and refresh their keys while everything fails.
final class RoughRun {
  let region: Region
  let seed: UInt64
  /// In the room from before the weather turns to the end.
  private var steady: [PlayedDevice] = []
  private var newcomer: PlayedDevice
  private var leaver: PlayedDevice
  private let room: RoomIdentifier

  init(seed: UInt64) throws {
    self.seed = seed
    region = Region(seed: seed, faults: .rough)
    try region.addNodes(["xa", "xb", "xc", "xd", "xe"])
    let devices = try region.enrol([
      "nino@xa", "luka@xa", "vera@xb", "oleg@xb", "dana@xc", "timur@xd", "aida@xe",
    ])
    steady = Array(devices[0...4])
    leaver = devices[5]
    newcomer = devices[6]
    room = try region.room(of: steady + [leaver])
  }

  func play() throws {
    let start = region.now
    region.beginFaults()
    var number = 0
    for device in steady + [leaver] {
      for _ in 0..<25 {
        number += 1
        let text = "\(device.address.member) \(number)"
        let precedence = Precedence.allCases.randomElement(using: &region.random) ?? .routine
        plan(within: 20_000, after: start) { [self] in _ = try? device.send(text, to: room, precedence: precedence) }
      }
      plan(within: 20_000, after: start) { [self] in device.refresh(room) }
      plan(within: 20_000, after: start) { [self] in
        device.disconnect()
        region.after(milliseconds: UInt64.random(in: 10...3_000, using: &region.random)) { device.connect() }
      }
      plan(within: 20_000, after: start) { device.connectOnceMore() }
    }
    plan(within: 10_000, after: start) { [self] in steady[1].add(newcomer.address, to: room) }
    plan(within: 10_000, after: start) { [self] in steady[2].remove(leaver.identifier, from: room) }
    region.run(milliseconds: 25_000)
    region.endFaults()
    _ = region.run(atMostMilliseconds: 400_000) { isQuiet }
    // What is said once all is well reaches everybody at once.
    for device in steady + [newcomer] { _ = try? device.send("all is well, says \(device.address)", to: room) }
    _ = region.run(atMostMilliseconds: 20_000) { false }
  }

  private func plan(within milliseconds: UInt64, after start: Timestamp, _ action: @escaping () -> Void) {
    region.at(start.adding(milliseconds: UInt64.random(in: 0...milliseconds, using: &region.random)), action)
  }

  private var isQuiet: Bool {
    guard (steady + [newcomer]).allSatisfy(\.isIdle) else { return false }
    return region.sortedNodes.allSatisfy { node in
      guard case .status(let status)? = try? node.administer(.status) else { return false }
      return status.counts.queued == 0 && status.counts.held == 0 && status.counts.inboxItems == 0
    }
  }

  /// What is not as it must be.
  func findings() throws -> [String] {
    var findings: [String] = []
    func require(_ condition: Bool, _ finding: @autoclosure () -> String) {
      if !condition { findings.append(finding()) }
    }
    for device in steady + [newcomer, leaver] {
      let name = device.address.description
      require(device.complaints.isEmpty, "\(name) complains: \(device.complaints)")
      require(Set(device.read.map(\.message)).count == device.read.count, "\(name) read a message twice")
    }
    for device in steady + [newcomer] {
      let name = device.address.description
      require(device.refusals.isEmpty, "\(name) was refused: \(device.refusals)")
      let missing = Set(device.sent.keys).subtracting(device.accepted)
      require(missing.isEmpty, "\(name): \(missing.count) messages were never accepted")
      require(device.agreement(in: room) != nil, "\(name) is not in the room")
    }
    let agreements = (steady + [newcomer]).compactMap { $0.agreement(in: room) }
    require(Set(agreements.map(\.epoch)).count == 1, "epochs differ: \(agreements.map(\.epoch))")
    require(Set(agreements.map(\.authenticator)).count == 1, "members do not agree on the epoch's secrets")
    require(leaver.agreement(in: room) == nil, "the member who was removed is still in the room")

    let handles = Set(steady.map(\.address.handle))
    for sender in steady {
      for message in sender.accepted {
        for reader in steady where reader !== sender {
          let count = reader.read.filter { $0.message == message }.count
          require(count == 1, "\(reader.address) has message \(message) of \(sender.address) \(count) times")
        }
        let owed = handles.subtracting([sender.address.handle])
        let given = sender.receipts[message] ?? []
        require(given.isSuperset(of: owed), "\(sender.address): receipts of \(given) for \(message), \(owed) are owed")
      }
      let losses = sender.undeliverable.filter { handles.contains($0.at) }
      require(losses.isEmpty, "\(sender.address) was told of losses: \(losses)")
    }
    for member in steady + [newcomer] {
      let last = member.read.filter { $0.text.hasPrefix("all is well") }.count
      require(last == steady.count, "\(member.address) heard \(last) of \(steady.count) last words")
    }
    for node in region.sortedNodes {
      require(node.errors.isEmpty, "\(node.handle): \(node.errors)")
      if case .status(let status) = try node.administer(.status) {
        require(status.counts.queued == 0, "\(node.handle) has \(status.counts.queued) queued")
        require(status.counts.held == 0, "\(node.handle) holds \(status.counts.held)")
      }
      do { try node.store.checkIntegrity() } catch { findings.append("\(node.handle): \(error.sentence)") }
    }
    return findings
  }
}

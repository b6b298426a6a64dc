package import LiaisonModel

extension Region {
  /// Enrols a device for each address, and waits until all have their cards and key packages.
  package func enrol(_ addresses: [String]) throws -> [PlayedDevice] {
    let devices = try addresses.map { text in
      let address = try Address(text)
      let node = try node(address.handle.description)
      let device = try PlayedDevice(address, at: node, in: self)
      device.join(try node.invite(address.member))
      return device
    }
    guard run(atMostMilliseconds: 30_000, until: { devices.allSatisfy { $0.isEnrolled && $0.isIdle } }) else {
      throw SimulationError("enrolment does not end: \(devices.map(\.complaints))")
    }
    return devices
  }

  /// Makes a room of the first device and adds the others' members.
  package func room(of devices: [PlayedDevice]) throws -> RoomIdentifier {
    guard let creator = devices.first else { throw SimulationError("a room of nobody") }
    let room = try creator.createRoom()
    for device in devices.dropFirst() { creator.add(device.address, to: room) }
    let isWhole = run(atMostMilliseconds: 120_000) {
      let all = devices.compactMap { $0.agreement(in: room) }
      return all.count == devices.count && Set(all.map(\.epoch)).count == 1 && devices.allSatisfy(\.isIdle)
    }
    guard isWhole else {
      throw SimulationError("the room does not come together: \(devices.map { ($0.complaints, $0.refusals) })")
    }
    return room
  }
}

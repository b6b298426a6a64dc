internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Key packages, which devices leave at their node so that others can add them while they are away.
extension Batch {
  /// Checks and keeps what a device uploads: all of it, or none.
  mutating func keep(
    _ keyPackages: [[UInt8]], lastResort: [UInt8]?, of device: DeviceIdentifier, _ address: Address
  ) throws {
    try Quota.keyPackagesPerDevice.check(try store.keyPackageCount(for: device), adding: keyPackages.count)
    for bytes in keyPackages {
      try store.insertKeyPackage(check(bytes, of: device, address, isLastResort: false), for: device)
    }
    if let lastResort {
      try store.replaceLastResort(check(lastResort, of: device, address, isLastResort: true), for: device)
    }
  }

  private func check(
    _ bytes: [UInt8], of device: DeviceIdentifier, _ address: Address, isLastResort: Bool
  ) throws -> KeyPackageRecord {
    guard bytes.count <= Limits.keyPackageBytesMax, case .keyPackage(let keyPackage)? = try? MLSMessage(bytes) else {
      throw Frame.Failure.malformed("a key package is malformed")
    }
    do {
      try keyPackage.validate(now: now.seconds, maximumLifetime: RoomProfile.lifetimeSecondsMax)
      try authentication(.creating, at: now).validateOwner(of: keyPackage)
    } catch { throw Frame.Failure.malformed("a key package is not valid") }
    guard keyPackage.cipherSuite == RoomProfile.cipherSuite,
      keyPackage.leafNode.capabilities.supports(RoomExtension.type), keyPackage.isLastResort == isLastResort
    else { throw Frame.Failure.malformed("a key package does not follow the profile of rooms") }
    guard let credential = try? DeviceCredential(keyPackage.leafNode.credential), credential.device == device,
      let card = try? credential.card.claim(), card.address == address, let lifetime = keyPackage.lifetime,
      let reference = try? keyPackage.reference()
    else { throw Frame.Failure.notPermitted("a key package is not this device's") }
    let (milliseconds, overflow) = lifetime.notAfter.multipliedReportingOverflow(by: 1000)
    return KeyPackageRecord(
      reference: reference.bytes, bytes: bytes,
      expiresAt: Timestamp(milliseconds: overflow ? UInt64(Int64.max) : min(milliseconds, UInt64(Int64.max))))
  }

  /// A device wants to add a member of whichever node.
  mutating func fetchKeyPackages(
    of address: Address, by device: DeviceIdentifier, _ request: UInt64, on link: LinkID
  ) throws {
    if address.handle != handle {
      return try relay(.keyPackagesRequest(address), .keyPackages, to: address.handle, for: request, on: link)
    }
    answer(request, .keyPackages(try takeKeyPackages(of: address, by: .device(device))), on: link)
  }

  /// One key package of each of a member's devices.
  mutating func takeKeyPackages(of address: Address, by asker: Links.Owner) throws -> [[UInt8]] {
    guard address.handle == handle else {
      throw Frame.Failure.notPermitted("a node gives key packages of its own members only")
    }
    var isFound = true
    if case .peer(let peer) = asker { isFound = try self.isFound(address, by: peer) }
    guard isFound, let member = try store.member(address), member.revocation == nil, member.deviceCount > 0 else {
      throw Frame.Failure.unknown("there is no member \(address)")
    }
    guard memory.keyPackageRequests.take(asker, at: now) else { throw Quota.keyPackageRequests.failure }
    var packages: [[UInt8]] = []
    // A device that makes a room adds its member's other devices, and needs none of its own.
    for device in try store.devices(of: address) where asker != .device(device.identifier) {
      if let package = try store.takeKeyPackage(for: device.identifier, at: now) { packages.append(package.bytes) }
    }
    guard !packages.isEmpty else { throw Frame.Failure.unknown("\(address) has no key package left at their node") }
    return packages
  }
}

package import LiaisonModel

/// A key package that a device left at its node.
package struct KeyPackageRecord: Hashable, Sendable {
  /// The KeyPackageRef.
  package var reference: [UInt8]
  /// An MLSMessage with the KeyPackage.
  package var bytes: [UInt8]
  package var expiresAt: Timestamp

  /// A key package as it is stored.
  package init(reference: [UInt8], bytes: [UInt8], expiresAt: Timestamp) {
    self.reference = reference
    self.bytes = bytes
    self.expiresAt = expiresAt
  }
}

/// The key packages of this node's devices.
package protocol KeyPackageStore {
  /// Adds one that is used once; one that is there already is left as it is.
  func insertKeyPackage(_ keyPackage: KeyPackageRecord, for device: DeviceIdentifier) throws(StoreError)
  /// Replaces the device's last resort.
  func replaceLastResort(_ keyPackage: KeyPackageRecord, for device: DeviceIdentifier) throws(StoreError)
  /// How many of a device's are left, the last resort not counted.
  func keyPackageCount(for device: DeviceIdentifier) throws(StoreError) -> Int
  /// Takes out the one that expires first, or else reads the last resort. Those expired at `time` are passed over.
  func takeKeyPackage(for device: DeviceIdentifier, at time: Timestamp) throws(StoreError) -> KeyPackageRecord?
  /// Removes all of a device's, the last resort too.
  func removeKeyPackages(of device: DeviceIdentifier) throws(StoreError)
  /// Removes what has expired.
  func removeKeyPackages(expiredBefore time: Timestamp) throws(StoreError)
}

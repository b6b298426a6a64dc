package import LiaisonModel
package import MLS

/// The choices that every room makes of MLS.
package enum RoomProfile {
  /// The suite of new rooms and of key packages.
  package static let cipherSuite = CipherSuite.default

  /// What each leaf says that it supports: the suite and the room extension, and nothing that a room does not use.
  package static let capabilities = Capabilities(
    cipherSuites: [cipherSuite], extensions: [RoomExtension.type, .lastResort], credentials: [.basic])

  /// The group context's extensions of a new room.
  package static func extensions(hub: Handle) -> [Extension] {
    [
      RoomExtension(hub: hub).asExtension,
      RequiredCapabilities(extensions: [RoomExtension.type], credentials: [.basic]).asExtension,
    ]
  }

  /// When a key package or a creator's leaf made at `now` is valid: an hour of clock error before, 84 days after.
  package static func lifetime(from now: Timestamp) -> Lifetime {
    let start = now.seconds - min(now.seconds, Limits.clockErrorMillisecondsMax / 1000)
    return Lifetime(notBefore: start, notAfter: now.seconds + Limits.keyPackageLifetimeSeconds)
  }

  /// The longest lifetime that a node takes, in seconds.
  package static let lifetimeSecondsMax = Limits.keyPackageLifetimeSeconds + Limits.clockErrorMillisecondsMax / 1000
}

/// What a key pair is for. Each purpose has its own type, so that a key of one purpose
/// neither signs nor verifies another's statements (ARCHITECTURE.md §2).
public protocol KeyPurpose: Sendable {
  /// The purpose in words, for messages to people.
  static var name: String { get }
}

/// The country's root: signs node cards and revocations.
public enum RootPurpose: KeyPurpose { public static let name = "root key" }
/// The node: TLS identity; signs member cards, receipts and log heads.
public enum NodePurpose: KeyPurpose { public static let name = "node key" }
/// An administrator: signs trust decisions.
public enum AdministratorPurpose: KeyPurpose { public static let name = "administrator key" }
/// A device's TLS identity towards its own node.
public enum DeviceLinkPurpose: KeyPurpose { public static let name = "device link key" }
/// A device's MLS leaf signature key.
public enum DeviceSignaturePurpose: KeyPurpose { public static let name = "device signature key" }
/// What a device's invitation of another device holds: signs the new one's acceptance, once.
public enum DeviceInvitationPurpose: KeyPurpose { public static let name = "device invitation key" }

public typealias RootKey = PublicKey<RootPurpose>
public typealias NodeKey = PublicKey<NodePurpose>
public typealias AdministratorKey = PublicKey<AdministratorPurpose>
public typealias DeviceLinkKey = PublicKey<DeviceLinkPurpose>
public typealias DeviceSignatureKey = PublicKey<DeviceSignaturePurpose>

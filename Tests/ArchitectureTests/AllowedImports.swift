/// What each module may import, ARCHITECTURE.md §7 made exact. The order is the map's, from the bottom up: a module
/// imports only what stands above it here.
enum AllowedImports {
  static let table: [(module: String, imports: Set<String>)] = [
    ("Sodium", system + ["CSodium"]),
    ("TLSPresentation", []),
    ("MerkleLog", ["Crypto"]),
    ("MLS", foundation + concurrency + system + ["TLSPresentation", "Crypto"]),
    ("LiaisonModel", foundation + concurrency + ["TLSPresentation", "MerkleLog", "Crypto"]),
    ("LiaisonBackup", foundation + system + ["LiaisonModel", "TLSPresentation", "Sodium", "Crypto"]),
    ("LiaisonRooms", foundation + ["MLS", "LiaisonModel", "TLSPresentation"]),
    ("LiaisonProtocol", foundation + ["LiaisonModel", "TLSPresentation", "SwiftProtobuf", "NIOCore"]),
    ("LiaisonTrust", foundation + concurrency + ["LiaisonModel", "MerkleLog", "TLSPresentation", "Crypto"]),
    (
      "LiaisonLink",
      foundation + concurrency + nio + [
        "LiaisonProtocol", "LiaisonModel", "TLSPresentation", "NIOSSL", "NIOTLS", "X509", "SwiftASN1", "Crypto",
        "Logging",
      ]
    ),
    (
      "LiaisonNode",
      foundation + concurrency + system + nio + [
        "LiaisonRooms", "LiaisonTrust", "LiaisonLink", "LiaisonProtocol", "LiaisonModel", "MLS", "MerkleLog", "Sodium",
        "TLSPresentation", "Crypto", "Logging", "CoreMetrics",
      ]
    ),
    (
      "LiaisonStore",
      foundation + [
        "LiaisonNode", "LiaisonTrust", "LiaisonModel", "TLSPresentation", "MerkleLog", "GRDB", "GRDBSQLite",
      ]
    ),
    (
      "LiaisonClient",
      foundation + concurrency + system + nio + [
        "MLS", "LiaisonBackup", "LiaisonRooms", "Sodium", "LiaisonLink", "LiaisonProtocol", "LiaisonModel", "MerkleLog",
        "TLSPresentation", "Crypto", "GRDB", "Logging",
      ]
    ),
    ("CommandKit", foundation + system + ["Sodium", "LiaisonModel", "ArgumentParser"]),
    (
      "LiaisonAdmin",
      foundation + concurrency + system + nio + [
        "CommandKit", "LiaisonBackup", "LiaisonNode", "LiaisonTrust", "LiaisonLink", "LiaisonProtocol", "LiaisonModel",
        "MerkleLog", "TLSPresentation", "Sodium", "ArgumentParser", "SwiftProtobuf", "Configuration", "SystemPackage",
        "Yams", "Logging",
        "CoreMetrics",
      ]
    ),
    (
      "liaisond",
      program + nio + [
        "LiaisonBackup", "LiaisonAdmin", "LiaisonStore", "LiaisonNode", "LiaisonLink", "LiaisonProtocol",
        "LiaisonTrust",
        "ServiceLifecycle", "CoreMetrics",
      ]
    ),
    ("liaisonctl", program + ["LiaisonAdmin", "LiaisonTrust", "MerkleLog"]),
    ("liaison", program + ["CQREncode", "LiaisonBackup", "LiaisonClient", "LiaisonProtocol"]),
  ]

  /// Modules whose public interface is free of Foundation, so that anybody may build on them.
  static let withoutFoundationInPublic: Set<String> = ["Sodium", "TLSPresentation", "MerkleLog", "MLS"]

  private static let foundation: Set<String> = ["Foundation", "FoundationEssentials"]
  private static let concurrency: Set<String> = ["Synchronization", "Dispatch"]
  private static let system: Set<String> = ["Glibc", "Musl", "Darwin"]
  private static let nio: Set<String> = ["NIO", "NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOFoundationCompat"]
  private static let program =
    foundation + concurrency + system + ["CommandKit", "Sodium", "LiaisonModel", "ArgumentParser", "Logging"]
}

private func + (a: Set<String>, b: Set<String>) -> Set<String> { a.union(b) }

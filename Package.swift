// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A library target, with the targets it may import: ARCHITECTURE.md §7, from top to bottom.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: settings)
}

let package = Package(
  name: "liaison",
  products: [
    .library(name: "MLS", targets: ["MLS"]),
    .executable(name: "liaisond", targets: ["liaisond"]),
    .executable(name: "liaisonctl", targets: ["liaisonctl"]),
    .executable(name: "liaison", targets: ["liaison"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
    .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
    .systemLibrary(
      name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"]), .brew(["qrencode"])]),
    library("Sodium", ["CSodium"]),
    library("TLSPresentation", []),
    library("MerkleLog", [crypto]),
    library("MLS", ["TLSPresentation", crypto]),
    library("LiaisonModel", ["TLSPresentation", "MerkleLog", crypto]),
    library("LiaisonBackup", ["LiaisonModel", "TLSPresentation", "Sodium", crypto]),
    library("LiaisonRooms", ["MLS", "LiaisonModel", "TLSPresentation"]),
    library("LiaisonProtocol", ["LiaisonModel", "TLSPresentation", protobuf, nio]),
    library("LiaisonTrust", ["LiaisonModel", "MerkleLog", "TLSPresentation", crypto]),
    library(
      "LiaisonLink", ["LiaisonProtocol", "LiaisonModel", nio, nioPosix, nioTLS, nioSSL, x509, asn1, crypto, logging]),
    library(
      "LiaisonNode",
      [
        "LiaisonLink", "LiaisonTrust", "LiaisonProtocol", "LiaisonRooms", "LiaisonModel", "MLS", "MerkleLog", "Sodium",
        "TLSPresentation", crypto, nio, nioPosix, logging, metrics,
      ]),
    .target(
      name: "LiaisonStore",
      dependencies: ["LiaisonNode", "LiaisonModel", "LiaisonTrust", "TLSPresentation", grdb, sqlite],
      exclude: ["schema.sql"], swiftSettings: settings),
    library(
      "LiaisonClient",
      [
        "MLS", "Sodium", "LiaisonBackup", "LiaisonRooms", "LiaisonLink", "LiaisonProtocol", "LiaisonModel",
        "TLSPresentation", crypto,
        nio, grdb, logging,
      ]),
    library(
      "LiaisonAdmin",
      [
        "CommandKit", "LiaisonBackup", "LiaisonNode", "LiaisonLink", "LiaisonProtocol", "LiaisonTrust", "LiaisonModel",
        "MerkleLog", "TLSPresentation", "Sodium", argumentParser, protobuf, nio, nioPosix, configuration, yams, logging,
        metrics, system,
      ]),
    library("CommandKit", ["Sodium", "LiaisonModel", argumentParser]),
    program(
      "liaisond",
      [
        "CommandKit", "LiaisonBackup", "LiaisonAdmin", "LiaisonLink", "LiaisonNode", "LiaisonStore", "LiaisonTrust",
        "LiaisonModel",
        "LiaisonProtocol", "Sodium", argumentParser, lifecycle, logging, metrics, nioPosix,
      ]),
    program(
      "liaisonctl",
      ["CommandKit", "LiaisonAdmin", "LiaisonTrust", "LiaisonModel", "MerkleLog", "Sodium", argumentParser]),
    program(
      "liaison",
      [
        "CQREncode", "CommandKit", "LiaisonBackup", "LiaisonClient", "LiaisonProtocol", "LiaisonModel", "Sodium",
        argumentParser,
      ]),
    .executableTarget(
      name: "mls-benchmark", dependencies: ["MLS", crypto, argumentParser],
      path: "Tests/Benchmarks/MLS", swiftSettings: settings),
    .testTarget(name: "ArchitectureTests", dependencies: ["TestKit"], swiftSettings: settings),
    tests("CommandKit", [argumentParser]),
    tests(
      "LiaisonAdmin",
      [
        "CommandKit", "LiaisonLink", "LiaisonNode", "LiaisonTrust", "LiaisonModel", "LiaisonProtocol", "MerkleLog",
        "Sodium", "TLSPresentation", "TestKit", argumentParser, nio, nioPosix, protobuf, metrics,
      ]),
    .testTarget(
      name: "CommandLineTests", dependencies: ["TestKit", "liaisond", "liaisonctl", "liaison"],
      exclude: ["Fixtures", "Transcripts"], swiftSettings: settings),
    .target(name: "TestKit", path: "Tests/TestKit", swiftSettings: settings),
    tests("Sodium", ["TestKit"]),
    tests("TLSPresentation", []),
    tests("MerkleLog", ["TestKit"]),
    .target(
      name: "MLSTestKit", dependencies: ["MLS", "TLSPresentation", crypto], path: "Tests/MLSTestKit",
      swiftSettings: settings),
    .executableTarget(
      name: "mls-vectors", dependencies: ["MLSTestKit", "MLS"], path: "Tests/MLSVectors", swiftSettings: settings),
    .testTarget(
      name: "MLSTests", dependencies: ["MLS", "MLSTestKit", "TestKit", "TLSPresentation", crypto],
      exclude: ["Fixtures"], swiftSettings: settings),
    .target(
      name: "FuzzKit",
      dependencies: [
        "MLSTestKit", "MLS", "LiaisonAdmin", "LiaisonModel", "LiaisonProtocol", "LiaisonTrust", "MerkleLog",
        "TLSPresentation",
      ],
      path: "Tests/FuzzKit", swiftSettings: settings),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzKit", "TestKit"], exclude: ["Findings"], swiftSettings: settings),
    tests("LiaisonModel", ["TLSPresentation", "MerkleLog"]),
    tests("LiaisonProtocol", ["LiaisonModel", nio]),
    tests("LiaisonTrust", ["MerkleLog"]),
    .target(
      name: "LinkKit", dependencies: ["LiaisonLink", "LiaisonProtocol", "LiaisonModel", nio, nioPosix, nioSSL],
      path: "Tests/LinkKit", swiftSettings: settings),
    tests("LiaisonLink", ["LinkKit", "TestKit", nio, nioPosix, nioSSL]),
    .target(
      name: "NodeSimulation",
      dependencies: [
        "TestKit", "LiaisonNode", "LiaisonStore", "LiaisonRooms", "LiaisonProtocol", "LiaisonModel", "MLS",
        "MerkleLog", "TLSPresentation", crypto,
      ], path: "Tests/NodeSimulation", swiftSettings: settings),
    tests("LiaisonRooms", ["MLS", "LiaisonModel", "TLSPresentation"]),
    tests(
      "LiaisonNode",
      [
        "NodeSimulation", "TestKit", "LiaisonStore", "LiaisonRooms", "LiaisonTrust", "LiaisonLink", "LiaisonProtocol",
        "LiaisonModel", "MerkleLog", "MLS", crypto, nioPosix, logging,
      ]),
    tests(
      "LiaisonStore",
      ["TestKit", "CommandKit", "LiaisonAdmin", "LiaisonNode", "LiaisonTrust", "LiaisonModel", grdb]),
    .target(
      name: "SimulationKit",
      dependencies: [
        "NodeSimulation", "TestKit", "LiaisonClient", "LiaisonNode", "LiaisonProtocol", "LiaisonModel", "Sodium", grdb,
      ], path: "Tests/SimulationKit", swiftSettings: settings),
    tests("LiaisonClient", ["SimulationKit", "TestKit", "MLS", "LiaisonBackup", "Sodium", crypto, grdb]),
    .testTarget(
      name: "NetworkTests", dependencies: ["SimulationKit", "NodeSimulation", "LiaisonAdmin", "TestKit"],
      swiftSettings: settings),
    .target(
      name: "ProcessKit", dependencies: ["TestKit", nio, nioPosix], path: "Tests/ProcessKit", swiftSettings: settings),
    .executableTarget(
      name: "soak", dependencies: ["ProcessKit", "TestKit", "liaisond", "liaisonctl", "liaison", argumentParser],
      path: "Tests/Soak", swiftSettings: settings),
    .executableTarget(
      name: "network-benchmark",
      dependencies: [
        "ProcessKit", "TestKit", "LiaisonClient", "LiaisonLink", "LiaisonProtocol", "LiaisonModel", "LiaisonStore",
        "LiaisonNode", "LiaisonAdmin", "LiaisonTrust", "CommandKit", "MerkleLog", "Sodium", "TLSPresentation",
        "liaisond", "liaisonctl", argumentParser, crypto, grdb,
      ], path: "Tests/Benchmarks/Network", swiftSettings: settings),
    .testTarget(
      name: "ProcessTests",
      dependencies: [
        "ProcessKit", "TestKit", "LinkKit", "LiaisonAdmin", "LiaisonLink", "LiaisonProtocol", "LiaisonModel",
        "TLSPresentation", "liaisond", "liaisonctl", "liaison", crypto,
      ], swiftSettings: settings),
  ]
)

// `make fuzz` alone builds this: it needs libFuzzer in every module, which nothing else should have.
if Context.environment["LIAISON_FUZZ"] != nil {
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzKit", "CFuzzer"], path: "Tests/Fuzz/Sources", swiftSettings: settings,
      // gold, which is the default, cannot link this.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux]))]),
  ]
}

import Crypto
import LiaisonLink
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonStore
import Logging
import NIOPosix
import TestKit
import Testing

/// A node with its own keys, disk and port, which can be run, stopped and run again.
final class LiveNode: Sendable {
  typealias Runtime = NodeRuntime<SQLiteNodeStore>

  let handle: Handle
  let root = SigningKey<RootPurpose>()
  let key = SigningKey<NodePurpose>()
  let endpoint: Endpoint
  let card: Signed<NodeCard>
  private let folder: TemporaryDirectory
  private let port: ReservedPort
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init(_ name: String) throws {
    handle = try Handle(name)
    folder = try TemporaryDirectory()
    port = try ReservedPort()
    endpoint = try Endpoint(host: "127.0.0.1", port: port.number)
    card = Signed(
      try NodeCard(
        handle: handle, country: "XA", name: name, rootKey: root.publicKey, nodeKeys: [key.publicKey],
        endpoints: [endpoint], serial: 1, issuedAt: .now(),
        expiresAt: Timestamp.now().adding(milliseconds: 86_400_000)), by: root)
  }

  /// Runs the node, with `peers` active, for as long as `body` does.
  func run<Value: Sendable>(
    peers: [LiveNode], witness: (any TrustLogWitness)? = nil,
    _ body: @escaping @Sendable (Runtime) async throws -> Value
  ) async throws -> Value {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let listener = try await LinkListener.listen(on: endpoint, as: LinkIdentity(key), logger: logger)
    let runtime = Runtime(
      core: NodeCore(
        identity: try NodeIdentity(card: card, key: key), peers: Self.table(active: peers),
        store: try SQLiteNodeStore(path: folder.path("node.sqlite"))),
      chunks: try ChunkStore(folder: folder.path("documents")), software: "test", thread: group.next(),
      logger: logger)
    let value = try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await runtime.run(on: listener, witness: witness) }
      defer { tasks.cancelAll() }
      return try await body(runtime)
    }
    try await group.shutdownGracefully()
    return value
  }

  static func table(active: [LiveNode] = [], suspended: [LiveNode] = []) -> PeerTable {
    PeerTable(
      active.map { PeerTable.Peer(card: $0.card, standing: .active) }
        + suspended.map { PeerTable.Peer(card: $0.card, standing: .suspended) })
  }

  /// A link as `device`, or as a peer with that peer's key.
  func dial(_ kind: LinkKind, as identity: LinkIdentity) async throws(LinkError) -> Link {
    try await LinkDialer.dial(
      endpoint, as: identity, kind, expecting: [key.publicKey], hello: Frame.Hello(clock: .now(), software: "test"))
  }

  /// Invites a member and enrols a device over a link of its own.
  func enrol(_ name: String, at runtime: Runtime) async throws -> LiveDevice {
    let address = try Address(member: name, handle: handle)
    let answer = await runtime.administer(
      .invite(
        address, profile: MemberProfile(name: name, discipline: .cyber, role: ""),
        expiresAt: Timestamp.now().adding(milliseconds: 3_600_000)))
    guard case .invitation(let invitation) = answer else {
      Issue.record("no invitation: \(answer)")
      throw LinkError.closed
    }
    let device = LiveDevice(address: address, invitation: invitation)
    _ = try await device.enrol(at: self)
    return device
  }
}

/// A member's machine, as far as its links go.
struct LiveDevice: Sendable {
  let address: Address
  let invitation: Invitation
  let identifier = DeviceIdentifier.some
  let linkKey = SigningKey<DeviceLinkPurpose>()
  let signatureKey = SigningKey<DeviceSignaturePurpose>()

  var identity: LinkIdentity { LinkIdentity(linkKey) }

  init(address: Address, invitation: Invitation) {
    self.address = address
    self.invitation = invitation
  }

  func enrol(at node: LiveNode) async throws -> Frame.Body {
    let link = try await node.dial(.enrol, as: identity)
    let binding = Signed(
      DeviceBinding(
        device: identifier, linkKey: linkKey.publicKey, invitation: Array(SHA256.hash(data: invitation.secret))),
      by: signatureKey)
    let request = Frame.Body.enrol(
      Frame.Enrol(
        secret: invitation.secret,
        device: MemberCard.Device(identifier: identifier, signatureKey: signatureKey.publicKey),
        binding: binding.unverified))
    return try await Requester.with(link) { try await $0.request(request) }
  }
}

/// Waits until `condition` holds, for a minute at most: far longer than it takes on a machine that others keep busy.
func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record(what, sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}

import LiaisonLink
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import Logging
import Synchronization
import TestKit
import Testing

@Suite("The bulk service", .serialized, .timeLimit(.minutes(5)))
struct BulkServiceTests {
  let xa: BulkNode
  let xb: BulkNode
  let room: RoomIdentifier
  let device = DeviceIdentifier.some
  let stranger = DeviceIdentifier.some

  init() throws {
    var generator = SystemRandomNumberGenerator()
    room = RoomIdentifier(using: &generator)
    xa = try BulkNode("xa")
    xb = try BulkNode("xb")
    xa.authority.members = [device: room]
    xb.authority.members = [device: room]
  }

  /// A device's requester at `node`, with `other` running as the node that `node` pulls from.
  private func with(
    _ node: BulkNode, reaching other: BulkNode, as device: DeviceIdentifier,
    _ body: @escaping @Sendable (Requester) async throws -> Void
  ) async throws {
    try await other.run { otherEndpoint in
      node.authority.peers = [other.handle: (otherEndpoint, other.key.publicKey, room)]
      other.authority.peers = [node.handle: (otherEndpoint, node.key.publicKey, room)]
      try await node.run { endpoint in
        let link = try await LinkDialer.dial(
          endpoint, as: node.deviceIdentity(device), .bulk, expecting: [node.key.publicKey],
          hello: Frame.Hello(clock: .now(), software: "device"))
        try await Requester.with(link) { try await body($0) }
      }
    }
  }

  private func chunks(_ count: Int, bytes: Int = 50_000) -> [[UInt8]] {
    var generator = SeededGenerator(seed: 7)
    return (0..<count).map { _ in generator.bytes(bytes) }
  }

  @Test("takes chunks from a member's device, says which it lacks, and gives them back")
  func putAndGet() async throws {
    let chunks = chunks(20)
    let names = chunks.map { ChunkName(of: $0) }
    try await with(xa, reaching: xb, as: device) { requester in
      #expect(try await requester.request(.chunkQuery(room: room, names)) == .chunkMissing(names))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for chunk in chunks.dropLast() {
          group.addTask {
            let answer = try await requester.request(.chunkPut(room: room, ciphertext: chunk))
            #expect(answer == .done)
          }
        }
        try await group.waitForAll()
      }
      #expect(try await requester.request(.chunkQuery(room: room, names)) == .chunkMissing([names[19]]))
      #expect(
        try await requester.request(.chunkGet(room: room, names[3], origin: nil)) == .chunk(ciphertext: chunks[3]))
    }
  }

  @Test("pulls what it lacks from the node of origin, once for all who want it, and keeps it")
  func pull() async throws {
    let chunks = chunks(30)
    for chunk in chunks { try await xb.chunks.put(chunk, in: room) }
    try await with(xa, reaching: xb, as: device) { requester in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for chunk in chunks + chunks {
          group.addTask {
            let answer = try await requester.request(
              .chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle))
            #expect(answer == .chunk(ciphertext: chunk))
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(xa.authority.dials == 1)
    // Each was asked of the origin at most once: what came is kept.
    #expect(xb.authority.participantChecks == chunks.count)
    #expect(try await xa.chunks.missing(chunks.map { ChunkName(of: $0) }, in: room) == [])
  }

  @Test("goes on with a link that ended between two chunks")
  func redial() async throws {
    let chunks = chunks(2)
    for chunk in chunks { try await xb.chunks.put(chunk, in: room) }
    try await with(xa, reaching: xb, as: device) { requester in
      for chunk in chunks {
        let answer = try await requester.request(.chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle))
        #expect(answer == .chunk(ciphertext: chunk))
        xa.authority.closeDialled()
      }
    }
    #expect(xa.authority.dials == 2)
  }

  @Test("refuses who is not in the room, in the same words as for a room that does not exist")
  func permission() async throws {
    let chunk = chunks(1)[0]
    let nowhere = RoomIdentifier.some
    try await xa.chunks.put(chunk, in: room)
    let refusal = RequestError.refused(Frame.Failure(.notPermitted, "not a room of yours"))
    for (who, room) in [(stranger, room), (device, nowhere)] {
      try await with(xa, reaching: xb, as: who) { requester in
        for request in [
          Frame.Body.chunkQuery(room: room, [ChunkName(of: chunk)]), .chunkPut(room: room, ciphertext: chunk),
          .chunkGet(room: room, ChunkName(of: chunk), origin: nil),
          .chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle),
        ] {
          await #expect(throws: refusal) { _ = try await requester.request(request) }
        }
      }
    }
    #expect(xa.authority.dials == 0)
  }

  @Test("gives a peer only what is here, takes nothing from it, and never pulls for it")
  func peers() async throws {
    let chunk = chunks(1)[0]
    try await xa.run { endpoint in
      xa.authority.peers = [xb.handle: (endpoint, xb.key.publicKey, room)]
      let link = try await LinkDialer.dial(
        endpoint, as: LinkIdentity(xb.key), .bulk, expecting: [xa.key.publicKey],
        hello: Frame.Hello(clock: .now(), software: "xb"))
      try await Requester.with(link) { requester in
        await #expect(throws: RequestError.refused(Frame.Failure(.notPermitted, "only a device puts chunks"))) {
          _ = try await requester.request(.chunkPut(room: room, ciphertext: chunk))
        }
        await #expect(throws: RequestError.refused(Frame.Failure(.unknown, "there is no such chunk in this room"))) {
          _ = try await requester.request(.chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle))
        }
        try await xa.chunks.put(chunk, in: room)
        let answer = try await requester.request(.chunkGet(room: room, ChunkName(of: chunk), origin: nil))
        #expect(answer == .chunk(ciphertext: chunk))
      }
    }
    #expect(xa.authority.dials == 0)
  }

  @Test("says that the origin is away, has not the chunk, or is not in the room")
  func originFails() async throws {
    let name = ChunkName(of: [1])
    try await with(xa, reaching: xb, as: device) { requester in
      await #expect(throws: RequestError.refused(Frame.Failure(.unknown, "there is no such chunk in this room"))) {
        _ = try await requester.request(.chunkGet(room: room, name, origin: xb.handle))
      }
      let outsider = try Handle("xc")
      await #expect(
        throws: RequestError.refused(
          Frame.Failure(.notPermitted, "the node that the document comes from is not in this room"))
      ) { _ = try await requester.request(.chunkGet(room: room, name, origin: outsider)) }
      xa.authority.closeDialled()
      xa.authority.refusesToDial = true
      await #expect(throws: RequestError.refused(Frame.Failure(.unavailable, "away"))) {
        _ = try await requester.request(.chunkGet(room: room, name, origin: xb.handle))
      }
    }
  }

  @Test("neither gives nor takes a chunk where a policy allows no documents, and says so")
  func policy() async throws {
    let why = Frame.Failure(.notPermitted, "no documents are allowed")
    let chunk = [UInt8](repeating: 3, count: 1000)
    let name = ChunkName(of: chunk)
    try await xb.chunks.put(chunk, in: room)
    try await with(xa, reaching: xb, as: device) { requester in
      for node in [xa, xb] {
        node.authority.refusesDocuments = true
        await #expect(throws: RequestError.refused(why)) {
          _ = try await requester.request(.chunkGet(room: room, name, origin: xb.handle))
        }
        node.authority.refusesDocuments = false
      }
      let answer = try await requester.request(.chunkGet(room: room, name, origin: xb.handle))
      #expect(answer == .chunk(ciphertext: chunk))
      // What is here goes to this node's own people.
      xa.authority.refusesDocuments = true
      #expect(try await requester.request(.chunkGet(room: room, name, origin: xb.handle)) == answer)
    }
  }

  @Test("takes nothing from the origin that is longer than a chunk")
  func oversize() async throws {
    let chunk = [UInt8](repeating: 7, count: Limits.chunkBytesMax + 1)
    xb.saysOnly = chunk
    let said = "the node that the document comes from gave something else"
    try await with(xa, reaching: xb, as: device) { requester in
      await #expect(throws: RequestError.refused(Frame.Failure(.unavailable, said))) {
        _ = try await requester.request(.chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle))
      }
      let longest = Array(chunk.dropLast())
      xb.saysOnly = longest
      let answer = try await requester.request(.chunkGet(room: room, ChunkName(of: longest), origin: xb.handle))
      #expect(answer == .chunk(ciphertext: longest))
    }
  }

  @Test("closes a link on which something comes that is no request, and answers a request of another kind")
  func outOfTurn() async throws {
    try await with(xa, reaching: xb, as: device) { requester in
      await #expect(throws: RequestError.refused(Frame.Failure(.malformed, "not a request of a bulk link"))) {
        _ = try await requester.request(.peersRequest)
      }
      try await requester.link.send(Frame(.chunk(ciphertext: [1])))
      #expect(await requester.link.closed() == .refused(Frame.Failure(.malformed, "a request without a number")))
    }
  }
}

extension DeviceIdentifier {
  static var some: Self {
    var generator = SystemRandomNumberGenerator()
    return Self(using: &generator)
  }
}

extension RoomIdentifier {
  static var some: Self {
    var generator = SystemRandomNumberGenerator()
    return Self(using: &generator)
  }
}

/// A node reduced to its bulk service, with real links and files; who may do what is set by the test.
final class BulkNode: Sendable {
  let handle: Handle
  let key = SigningKey<NodePurpose>()
  let chunks: ChunkStore
  let authority: Authority
  private let folder = try? TemporaryDirectory()
  private let service: BulkService
  private let deviceKeys = Mutex<[DeviceIdentifier: SigningKey<DeviceLinkPurpose>]>([:])
  private let onlyAnswer = Mutex<[UInt8]?>(nil)

  /// A chunk with which it answers whatever peers ask; a node that lies.
  var saysOnly: [UInt8]? {
    get { onlyAnswer.withLock { $0 } }
    set { onlyAnswer.withLock { $0 = newValue } }
  }

  init(_ name: String) throws {
    handle = try Handle(name)
    chunks = try ChunkStore(folder: (folder?.path("documents"))!)
    authority = Authority(key: key)
    service = BulkService(handle: handle, chunks: chunks, authority: authority)
  }

  func deviceIdentity(_ device: DeviceIdentifier) -> LinkIdentity {
    let key = SigningKey<DeviceLinkPurpose>()
    deviceKeys.withLock { $0[device] = key }
    return LinkIdentity(key)
  }

  /// Whose key it is.
  private func remote(_ key: [UInt8]) -> BulkRemote? {
    if let peer = authority.peers.first(where: { $0.value.1.bytes == key })?.key { return .peer(peer) }
    return deviceKeys.withLock { keys in keys.first { $0.value.publicKey.bytes == key }.map { .device($0.key) } }
  }

  func run(_ body: @Sendable (Endpoint) async throws -> Void) async throws {
    let listener = try await LinkListener.listen(
      on: try Endpoint(host: "127.0.0.1", port: 0), as: LinkIdentity(key),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [service] in await service.run() }
      group.addTask { [self] in
        await listener.run { [self] _, key in
          remote(key) == nil
            ? .refused(Frame.Failure(.notPermitted, "not accepted"))
            : .accepted(Frame.Hello(clock: .now(), software: handle.description))
        } serve: { [self] link in
          guard let remote = remote(link.remoteKey) else { return }
          guard saysOnly != nil else { return await service.serve(link, for: remote) }
          for await frame in link.frames {
            guard let answer = saysOnly else { return }
            try? await link.send(Frame(request: frame.request, .chunk(ciphertext: answer)))
          }
        }
      }
      defer { group.cancelAll() }
      try await body(listener.endpoint)
    }
  }

  final class Authority: BulkAuthority {
    typealias Peer = (Endpoint, NodeKey, RoomIdentifier)

    private struct State {
      var members: [DeviceIdentifier: RoomIdentifier] = [:]
      var peers: [Handle: Peer] = [:]
      var dials = 0
      var participantChecks = 0
      var refusesToDial = false
      var refusesDocuments = false
      var dialled: [Link] = []
    }

    private let key: SigningKey<NodePurpose>
    private let state = Mutex(State())

    init(key: SigningKey<NodePurpose>) { self.key = key }

    var members: [DeviceIdentifier: RoomIdentifier] {
      get { state.withLock { $0.members } }
      set { state.withLock { $0.members = newValue } }
    }
    var peers: [Handle: Peer] {
      get { state.withLock { $0.peers } }
      set { state.withLock { $0.peers = newValue } }
    }
    var refusesToDial: Bool {
      get { state.withLock { $0.refusesToDial } }
      set { state.withLock { $0.refusesToDial = newValue } }
    }
    var refusesDocuments: Bool {
      get { state.withLock { $0.refusesDocuments } }
      set { state.withLock { $0.refusesDocuments = newValue } }
    }
    var dials: Int { state.withLock { $0.dials } }
    var participantChecks: Int { state.withLock { $0.participantChecks } }

    func closeDialled() {
      for link in state.withLock({ $0.dialled }) { link.close() }
    }

    func isMember(_ device: DeviceIdentifier, of room: RoomIdentifier) -> Bool { members[device] == room }

    func isParticipant(_ handle: Handle, in room: RoomIdentifier) -> Bool {
      state.withLock { state in
        state.participantChecks += 1
        return state.peers[handle]?.2 == room
      }
    }

    func permitDocuments(with handle: Handle) throws(Frame.Failure) {
      if refusesDocuments { throw Frame.Failure(.notPermitted, "no documents are allowed") }
    }

    func dialBulk(_ handle: Handle) async throws(Frame.Failure) -> Link {
      guard let peer = peers[handle], !refusesToDial else { throw Frame.Failure(.unavailable, "away") }
      do {
        let link = try await LinkDialer.dial(
          peer.0, as: LinkIdentity(key), .bulk, expecting: [peer.1],
          hello: Frame.Hello(clock: .now(), software: "puller"))
        state.withLock {
          $0.dials += 1
          $0.dialled.append(link)
        }
        return link
      } catch { throw Frame.Failure(.unavailable, "\(error)") }
    }
  }
}

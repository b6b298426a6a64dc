internal import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
internal import NIOCore

/// The way of documents to and from the own node: a link of its own, so that they delay no message.
package struct BulkLink: Sendable {
  /// Chunks on their way at once: more than a node works on at once, so that it never waits for the next request.
  static let windowCount = 16

  private let request: @Sendable (Frame.Body) async throws -> Frame.Body

  /// A way that `request` leads along; it throws ``ClientError`` for what is refused.
  package init(request: @escaping @Sendable (Frame.Body) async throws -> Frame.Body) { self.request = request }

  /// Connects to the own node and runs `body`; the link ends with it. Throws ``ClientError``.
  package static func with<Value: Sendable>(
    _ engine: Engine, now: @escaping @Sendable () -> Timestamp = { .now() },
    _ body: @Sendable (BulkLink) async throws -> Value
  ) async throws -> Value {
    let identity = try engine.identity
    let link = try await NodeClient.dial(identity, .bulk, now: now)
    defer { LargeBuffers.shared.letGo() }
    return try await Requester.with(link) { requester in
      let handle = identity.address.handle
      return try await body(
        BulkLink { request in
          do throws(RequestError) { return try await requester.request(request) } catch {
            throw NodeClient.error(error, handle)
          }
        })
    }
  }

  /// Which of these chunks the node lacks.
  func missing(_ names: [ChunkName], in room: RoomIdentifier) async throws -> Set<ChunkName> {
    guard case .chunkMissing(let missing) = try await request(.chunkQuery(room: room, names)) else { throw Self.wrong }
    return Set(missing)
  }

  func put(_ ciphertext: ByteBuffer, in room: RoomIdentifier) async throws {
    guard case .done = try await request(.chunkPut(room: room, ciphertext: ciphertext)) else { throw Self.wrong }
  }

  /// A chunk, checked against its name.
  func get(_ name: ChunkName, in room: RoomIdentifier, from origin: Handle) async throws -> ByteBuffer {
    guard case .chunk(let ciphertext) = try await request(.chunkGet(room: room, name, origin: origin)) else {
      throw Self.wrong
    }
    guard ChunkName(of: ciphertext) == name else {
      throw ClientError(
        .badData, "chunk-damaged", "the node gave a part of the document that is not what was asked for")
    }
    return ciphertext
  }

  private static let wrong = ClientError(.badData, "node-answer", "the node gave an answer of the wrong kind")
}

package import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
internal import NIOCore
internal import Sodium
internal import Synchronization

/// Who may do what with a room's chunks, and how other nodes are reached: what the bulk service asks of the node.
package protocol BulkAuthority: Sendable {
  /// Whether the device's member is in the room.
  func isMember(_ device: DeviceIdentifier, of room: RoomIdentifier) async throws -> Bool
  /// Whether a member of that node is in the room, and the node is this one or an active peer.
  func isParticipant(_ handle: Handle, in room: RoomIdentifier) async throws -> Bool
  /// Throws why the policy for that node does not allow documents.
  func permitDocuments(with handle: Handle) async throws(Frame.Failure)
  /// A bulk link to an active peer.
  func dialBulk(_ handle: Handle) async throws(Frame.Failure) -> Link
}

/// Who is at the other end of a bulk link.
package enum BulkRemote: Hashable, Sendable {
  case device(DeviceIdentifier)
  case peer(Handle)
}

/// Serves bulk links: takes chunks from devices, gives them to devices and peers, and pulls what a device wants and this
/// node has not. What it holds in memory is a few chunks for each link, whatever the size of the documents.
package final class BulkService: Sendable {
  /// Requests of one link that are worked on at once.
  private static let requestsAtOnceMax = 8

  private struct Want: Hashable {
    let room: RoomIdentifier
    let name: ChunkName
  }

  private let handle: Handle
  private let chunks: ChunkStore
  private let authority: any BulkAuthority
  private let origins: OriginLinks
  private let links = Mutex(0)
  private let pulls = SingleFlight<Want, Result<ByteBuffer, Frame.Failure>>()

  /// The service of the node `handle`.
  package init(handle: Handle, chunks: ChunkStore, authority: any BulkAuthority) {
    self.handle = handle
    self.chunks = chunks
    self.authority = authority
    origins = OriginLinks { handle throws(Frame.Failure) in try await authority.dialBulk(handle) }
  }

  /// Keeps the links that pull from other nodes, until the task is cancelled.
  package func run() async { await origins.run() }

  /// Closes the link that pulls from a node which is no longer trusted.
  package func forget(_ handle: Handle) async { await origins.close(handle) }

  /// Serves one link until it ends.
  package func serve(_ link: Link, for remote: BulkRemote) async {
    links.withLock { $0 += 1 }
    defer {
      let isLast = links.withLock { links in
        links -= 1
        return links == 0
      }
      if isLast { LargeBuffers.shared.letGo() }
    }
    await withTaskGroup(of: Void.self) { group in
      var underWay = 0
      for await frame in link.frames {
        guard frame.request != 0 else {
          link.close(saying: .malformed("a request without a number"))
          break
        }
        if underWay == Self.requestsAtOnceMax {
          await group.next()
          underWay -= 1
        }
        underWay += 1
        group.addTask {
          let answer = await self.answer(frame.body, to: remote)
          // A link that ended needs no answer.
          try? await link.send(Frame(request: frame.request, answer))
        }
      }
      group.cancelAll()
    }
  }

  private func answer(_ request: Frame.Body, to remote: BulkRemote) async -> Frame.Body {
    do {
      return try await outcome(of: request, from: remote)
    } catch let failure as Frame.Failure {
      return .failure(failure)
    } catch let error as FileError where error.isDiskFull {
      return .failure(.later("the node's disk is full; try again later"))
    } catch {
      return .failure(.later("the node cannot do this now; try again later"))
    }
  }

  private func outcome(of request: Frame.Body, from remote: BulkRemote) async throws -> Frame.Body {
    switch request {
    case .chunkPut(let room, let ciphertext):
      try await permit(remote, in: room)
      guard case .device = remote else { throw Frame.Failure.notPermitted("only a device puts chunks") }
      guard 1...Limits.chunkBytesMax ~= ciphertext.readableBytes else {
        throw Frame.Failure.limit("a chunk is 1 to \(Limits.chunkBytesMax) bytes")
      }
      try await chunks.put(ciphertext, in: room)
      return .done
    case .chunkQuery(let room, let names):
      try await permit(remote, in: room)
      guard names.count <= Limits.documentChunksMax else {
        throw Frame.Failure.limit("a query names at most \(Limits.documentChunksMax) chunks")
      }
      return .chunkMissing(try await chunks.missing(names, in: room))
    case .chunkGet(let room, let name, let origin):
      try await permit(remote, in: room)
      if let ciphertext = try await chunks.chunk(name, in: room) { return .chunk(ciphertext: ciphertext) }
      guard case .device = remote, let origin, origin != handle else {
        throw Frame.Failure.unknown("there is no such chunk in this room")
      }
      return .chunk(ciphertext: try await pull(name, in: room, from: origin))
    default: throw Frame.Failure.malformed("not a request of a bulk link")
    }
  }

  private func permit(_ remote: BulkRemote, in room: RoomIdentifier) async throws {
    let isPermitted =
      switch remote {
      case .device(let device): try await authority.isMember(device, of: room)
      case .peer(let handle): try await authority.isParticipant(handle, in: room)
      }
    // The same answer for a room that is not theirs and one that does not exist.
    guard isPermitted else { throw Frame.Failure.notPermitted("not a room of yours") }
    if case .peer(let handle) = remote { try await authority.permitDocuments(with: handle) }
  }

  /// Takes a chunk from the node that it was uploaded to, once for all who want it now, and keeps it.
  private func pull(_ name: ChunkName, in room: RoomIdentifier, from origin: Handle) async throws -> ByteBuffer {
    guard try await authority.isParticipant(origin, in: room) else {
      throw Frame.Failure.notPermitted("the node that the document comes from is not in this room")
    }
    try await authority.permitDocuments(with: origin)
    let pulled = await pulls.value(for: Want(room: room, name: name)) {
      () async -> Result<ByteBuffer, Frame.Failure> in
      do {
        // Another pull may have ended between the look before and this one.
        if let ciphertext = try await self.chunks.chunk(name, in: room) { return .success(ciphertext) }
        let answer = try await self.origins.request(.chunkGet(room: room, name, origin: nil), of: origin)
        guard case .chunk(let ciphertext) = answer, 1...Limits.chunkBytesMax ~= ciphertext.readableBytes,
          try await ChunkStore.name(of: ciphertext) == name
        else {
          return .failure(.unavailable("the node that the document comes from gave something else"))
        }
        try await self.chunks.put(ciphertext, as: name, in: room)
        return .success(ciphertext)
      } catch let failure as Frame.Failure {
        return .failure(failure)
      } catch let error as FileError where error.isDiskFull {
        return .failure(.later("the node's disk is full; try again later"))
      } catch {
        return .failure(.later("the node cannot do this now; try again later"))
      }
    }
    guard let pulled else { throw Frame.Failure.later("this node is ending") }
    return try pulled.get()
  }
}

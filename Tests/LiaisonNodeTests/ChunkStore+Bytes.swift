import LiaisonModel
import LiaisonNode
import NIOCore

extension ChunkStore {
  @discardableResult
  func put(_ bytes: [UInt8], in room: RoomIdentifier) async throws -> ChunkName {
    try await put(ByteBuffer(bytes: bytes), in: room)
  }

  func bytes(_ name: ChunkName, in room: RoomIdentifier) async throws -> [UInt8]? {
    try await chunk(name, in: room).map { Array($0.readableBytesView) }
  }
}

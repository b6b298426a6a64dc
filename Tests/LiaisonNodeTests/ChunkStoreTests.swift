import Foundation
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import TestKit
import Testing

@Suite("The chunk store")
struct ChunkStoreTests {
  let folder: TemporaryDirectory
  let store: ChunkStore
  let room: RoomIdentifier
  let otherRoom: RoomIdentifier
  let chunk: [UInt8]

  init() throws {
    var generator = SeededGenerator(seed: 1)
    folder = try TemporaryDirectory()
    store = try ChunkStore(folder: folder.path("documents"))
    room = RoomIdentifier(using: &generator)
    otherRoom = RoomIdentifier(using: &generator)
    chunk = generator.bytes(100_000)
  }

  private func path(_ name: ChunkName) -> String {
    folder.path("documents/\(Hex.encode(name.bytes.prefix(1)))/\(name)")
  }

  private func links(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.referenceCount] as? Int ?? 0
  }

  @Test("gives a chunk back under the hash of its bytes, to its room alone")
  func roundTrip() async throws {
    let name = try await store.put(chunk, in: room)
    #expect(name == ChunkName(of: chunk))
    #expect(try await store.bytes(name, in: room) == chunk)
    #expect(try await store.bytes(name, in: otherRoom) == nil)
    #expect(try await store.bytes(ChunkName(of: [1]), in: room) == nil)
  }

  @Test("holds a chunk once, however often and for however many rooms it comes")
  func once() async throws {
    let name = try await store.put(chunk, in: room)
    try await store.put(chunk, in: room)
    #expect(try links(path(name)) == 2)
    try await store.put(chunk, in: otherRoom)
    #expect(try links(path(name)) == 3)
    #expect(try await store.bytes(name, in: otherRoom) == chunk)
  }

  @Test("says what a room lacks, in the order asked")
  func missing() async throws {
    let name = try await store.put(chunk, in: room)
    let (a, b) = (ChunkName(of: [1]), ChunkName(of: [2]))
    #expect(try await store.missing([b, name, a], in: room) == [b, a])
    #expect(try await store.missing([b, name, a], in: otherRoom) == [b, name, a])
    #expect(try await store.missing([], in: room) == [])
  }

  @Test("treats a spoilt file as missing, and takes the chunk again")
  func spoilt() async throws {
    let name = try await store.put(chunk, in: room)
    try await store.put(chunk, in: otherRoom)
    var spoilt = chunk
    spoilt[5] ^= 1
    let file = try #require(FileHandle(forUpdatingAtPath: path(name)))
    try file.write(contentsOf: Data(spoilt))
    try file.close()
    #expect(try await store.bytes(name, in: room) == nil)
    #expect(try await store.missing([name], in: room) == [name])
    try await store.put(chunk, in: room)
    #expect(try await store.bytes(name, in: room) == chunk)
    // The other room's link still leads to the spoilt file; it is found out when it is read.
    #expect(try await store.bytes(name, in: otherRoom) == nil)
    try await store.put(chunk, in: otherRoom)
    #expect(try await store.bytes(name, in: otherRoom) == chunk)
  }

  @Test("keeps its chunks over a restart, and clears away what a killed process left half written")
  func restart() async throws {
    let name = try await store.put(chunk, in: room)
    let leftover = (path(name) as NSString).deletingLastPathComponent + "/.0123456789abcdef.new"
    #expect(FileManager.default.createFile(atPath: leftover, contents: Data(count: 100)))
    let again = try ChunkStore(folder: folder.path("documents"))
    #expect(try await again.bytes(name, in: room) == chunk)
    #expect(!FileManager.default.fileExists(atPath: leftover))
  }

  @Test("takes the same chunk from many at once")
  func concurrent() async throws {
    try await withThrowingTaskGroup(of: ChunkName.self) { group in
      for _ in 0..<32 { group.addTask { try await store.put(chunk, in: room) } }
      for try await name in group { #expect(name == ChunkName(of: chunk)) }
    }
    #expect(try links(path(ChunkName(of: chunk))) == 2)
  }

  @Test("leaves a part of the disk to messages, and gives no room more than its quota, also after a restart")
  func space() async throws {
    let folder = try TemporaryDirectory()
    let (room, other) = (RoomIdentifier.some, RoomIdentifier.some)
    let chunk = [UInt8](repeating: 7, count: 600)
    for _ in 1...2 {
      let store = try ChunkStore(folder: folder.path("documents"), roomBytesMax: 1000)
      try await store.put(chunk, in: room)
      // The same again takes no more.
      try await store.put(chunk, in: room)
      let failure = await #expect(throws: Frame.Failure.self) {
        try await store.put([UInt8](repeating: 8, count: 600), in: room)
      }
      #expect(failure == Quota.documentBytesPerRoom.failure)
      try await store.put([UInt8](repeating: 8, count: 600), in: other)
    }
    let full = try ChunkStore(folder: folder.path("documents"), reserveBytes: Int.max / 2)
    let failure = await #expect(throws: Frame.Failure.self) {
      try await full.put([UInt8](repeating: 9, count: 10), in: room)
    }
    #expect(failure?.reason == .later)
    #expect(try await full.bytes(ChunkName(of: chunk), in: room) == chunk)
  }
}

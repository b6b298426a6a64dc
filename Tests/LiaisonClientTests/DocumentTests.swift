import Crypto
import Foundation
import LiaisonClient
import LiaisonModel
import LiaisonProtocol
import SimulationKit
import Sodium
import TestKit
import Testing

@Suite("Documents")
struct DocumentTests {
  private let region: Region
  private let engine: Engine
  private let room: RoomIdentifier
  private let folder: TemporaryDirectory
  private let shelf = Shelf()
  /// Three whole chunks and a short one.
  private let content = Data(
    (0..<(3 << 20) + 4321).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 11) })

  init() throws {
    region = try Region(seed: 17, handles: ["xa"])
    folder = try TemporaryDirectory()
    let ana = try region.enrol("ana@xa")
    let bo = try region.enrol("bo@xa")
    #expect(region.run { ana.isIdle && bo.isIdle })
    room = try ana.act { try $0.roomOf([bo.address], now: $1) }.room
    #expect(region.run { ana.isIdle && bo.isIdle })
    engine = try ana.open()
    try content.write(to: URL(fileURLWithPath: folder.path("plan")))
  }

  private func share(beforeEachPut: @escaping @Sendable (Int) throws -> Void = { _ in }) async throws -> HistoryEntry {
    await shelf.prepare(beforeEachPut)
    let now = region.now
    let message = try await DocumentShare(engine: engine, room: room, path: folder.path("plan"))
      .run(
        over: shelf.link, title: "Site plan", marking: .amber, precedence: .routine, now: { now }, progress: { _ in })
    return try engine.message(named: message.description)
  }

  private func fetch(_ entry: HistoryEntry, to name: String = "copy", replacing: Bool = false) async throws -> [UInt8] {
    try await DocumentFetch(entry, to: folder.path(name), replacing: replacing)
      .run(over: shelf.link, progress: { _ in })
  }

  private func file(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder.path(name))) }

  private func code(_ body: () async throws -> some Any) async -> String? {
    do {
      _ = try await body()
      return nil
    } catch { return (error as? ClientError)?.code ?? "\(error)" }
  }

  @Test("arrive as they were, and the node holds nothing of them that it could read")
  func roundTrip() async throws {
    let entry = try await share()
    let digest = try await fetch(entry)
    #expect(digest == Array(SHA256.hash(data: content)))
    #expect(try file("copy") == content)
    #expect(!FileManager.default.fileExists(atPath: folder.path("copy.part")))
    #expect(await shelf.chunks.count == 5)
    let sample = content[1_000_000..<1_000_064]
    for chunk in await shelf.chunks.values { #expect(Data(chunk).range(of: sample) == nil) }
    #expect(try engine.documents(of: room).map(\.identifier) == [entry.identifier])
  }

  @Test("may be empty")
  func empty() async throws {
    try Data().write(to: URL(fileURLWithPath: folder.path("plan")))
    _ = try await fetch(share())
    #expect(try file("copy").isEmpty)
  }

  @Test("whose upload stopped go on where it stopped, and are announced once")
  func resumedShare() async throws {
    let stopped = await code { try await share { if $0 == 2 { throw Shelf.down } } }
    #expect(stopped == Shelf.down.code)
    #expect(try engine.documents(of: room).isEmpty)
    let before = await shelf.chunks
    #expect(before.count == 2)
    let entry = try await share()
    // The two that were there are not sent again: two chunks and the manifest are.
    #expect(await shelf.putCount == 3)
    #expect(await shelf.chunks.filter { before[$0.key] != nil } == before)
    #expect(try engine.documents(of: room).count == 1)
    #expect(try await fetch(entry) == Array(SHA256.hash(data: content)))
  }

  @Test("that change or vanish while they are shared are not announced, and their key is not used again")
  func changedFile() async throws {
    let path = folder.path("plan")
    let changed = await code {
      try await share { if $0 == 1 { try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path)) } }
    }
    #expect(changed == "file-changed")
    try content.write(to: URL(fileURLWithPath: path))
    let vanished = await code { try await share { if $0 == 1 { try FileManager.default.removeItem(atPath: path) } } }
    #expect(vanished == "file-changed")
    #expect(try engine.documents(of: room).isEmpty)
    try content.write(to: URL(fileURLWithPath: path))
    await shelf.clear()
    let first = try await share()
    let second = try await share()
    guard case .document(let a)? = first.message?.body, case .document(let b)? = second.message?.body else { return }
    #expect(a.key != b.key)
  }

  @Test("that do not exist, or are no files, are said to be so")
  func noFile() async throws {
    #expect { try DocumentShare(engine: engine, room: room, path: folder.path("nothing")) } throws: {
      ($0 as? FileError)?.isMissing == true
    }
    for path in [folder.url.path, "/dev/null"] {
      #expect { try DocumentShare(engine: engine, room: room, path: path) } throws: {
        ($0 as? ClientError)?.code == "not-a-file"
      }
    }
  }

  @Test("whose fetching stopped go on where it stopped, whatever else is in the file")
  func resumedFetch() async throws {
    let entry = try await share()
    await shelf.failGets(after: 3)
    #expect(await code { try await fetch(entry) } == Shelf.down.code)
    #expect(!FileManager.default.fileExists(atPath: folder.path("copy")))
    let kept = try file("copy.part").count
    #expect(kept > 0 && kept.isMultiple(of: 1 << 20))
    // What is there is checked before it is built upon.
    var part = try file("copy.part")
    part.append(Data(repeating: 7, count: 5 << 20))
    try part.write(to: URL(fileURLWithPath: folder.path("copy.part")))
    await shelf.failGets(after: .max)
    #expect(try await fetch(entry) == Array(SHA256.hash(data: content)))
    #expect(await shelf.getCount == 1 + 4 - kept >> 20)
    #expect(try file("copy") == content)
    part[100] ^= 1
    try part.write(to: URL(fileURLWithPath: folder.path("other.part")))
    #expect(try await fetch(entry, to: "other") == Array(SHA256.hash(data: content)))
    #expect(try file("other") == content)
  }

  @Test("that a node altered or withholds are refused, and no file appears")
  func hostileNode() async throws {
    let entry = try await share()
    let chunks = await shelf.chunks
    for name in chunks.keys {
      await shelf.replace(name, with: [UInt8](repeating: 1, count: 100))
      #expect(await code { try await fetch(entry) } == "chunk-damaged")
      await shelf.replace(name, with: nil)
      #expect(await code { try await fetch(entry) } == "node-unknown")
      await shelf.replace(name, with: chunks[name])
      #expect(!FileManager.default.fileExists(atPath: folder.path("copy")))
      try? FileManager.default.removeItem(atPath: folder.path("copy.part"))
    }
    #expect(try await fetch(entry) == Array(SHA256.hash(data: content)))
  }

  @Test("never take the place of another file unless told so")
  func overwriting() async throws {
    let entry = try await share()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.path("copy")))
    #expect(await code { try await fetch(entry) } == "file-exists")
    #expect(try file("copy") == Data("mine".utf8))
    _ = try await fetch(entry, replacing: true)
    #expect(try file("copy") == content)
    let text = try engine.send(Draft(.text("no document"), marking: .clear), to: room, now: region.now)
    #expect(await code { try await fetch(engine.message(named: text.description), to: "text") } == "no-document")
  }
}

/// A node's chunk store, as a device sees it.
private actor Shelf {
  static let down = ClientError(.unavailable, "test-down", "the test's node is down")

  private(set) var chunks: [ChunkName: [UInt8]] = [:]
  private(set) var putCount = 0
  private(set) var getCount = 0
  private var beforeEachPut: @Sendable (Int) throws -> Void = { _ in }
  private var getsLeft = Int.max

  nonisolated var link: BulkLink { BulkLink { try await self.answer($0) } }

  func prepare(_ beforeEachPut: @escaping @Sendable (Int) throws -> Void) {
    self.beforeEachPut = beforeEachPut
    putCount = 0
  }

  func failGets(after count: Int) {
    getsLeft = count
    getCount = 0
  }

  func replace(_ name: ChunkName, with bytes: [UInt8]?) { chunks[name] = bytes }

  func clear() { chunks = [:] }

  private func answer(_ request: Frame.Body) throws -> Frame.Body {
    switch request {
    case .chunkQuery(_, let names): return .chunkMissing(names.filter { chunks[$0] == nil })
    case .chunkPut(_, let ciphertext):
      try beforeEachPut(putCount)
      putCount += 1
      chunks[ChunkName(of: ciphertext)] = Array(ciphertext.readableBytesView)
      return .done
    case .chunkGet(_, let name, _):
      guard getsLeft > 0 else { throw Self.down }
      getsLeft -= 1
      getCount += 1
      guard let chunk = chunks[name] else { throw ClientError(.noInput, "node-unknown", "no such chunk") }
      return .chunk(ciphertext: chunk)
    default: throw Self.down
    }
  }
}

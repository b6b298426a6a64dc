import Foundation
import LiaisonLink
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import TestKit
import Testing

@Suite("A document on its way", .serialized, .timeLimit(.minutes(2)))
struct BulkMemoryTests {
  /// Megabytes of memory that this process has in use.
  private static func residentMegabytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) / 1024
  }

  @Test(
    "takes no more memory than a few chunks at both nodes and the device together",
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status"), "no /proc here"))
  func memory() async throws {
    let (xa, xb) = (try BulkNode("xa"), try BulkNode("xb"))
    let (room, sender, receiver) = (RoomIdentifier.some, DeviceIdentifier.some, DeviceIdentifier.some)
    xa.authority.members = [receiver: room]
    xb.authority.members = [sender: room]
    let megabytes = ProcessInfo.processInfo.environment["LIAISON_BULK_MEGABYTES"].flatMap(Int.init) ?? 192
    let block = {
      var generator = SeededGenerator(seed: 3)
      return generator.bytes(1 << 20)
    }()
    let chunk: @Sendable (Int) -> [UInt8] = { number in
      var bytes = block
      for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
      return bytes
    }
    try await xb.run { endpointB in
      xa.authority.peers = [xb.handle: (endpointB, xb.key.publicKey, room)]
      xb.authority.peers = [xa.handle: (endpointB, xa.key.publicKey, room)]
      try await xa.run { endpointA in
        ProcessMemory.returnLargeBlocks()
        let before = try Self.residentMegabytes()
        let up = try await LinkDialer.dial(
          endpointB, as: xb.deviceIdentity(sender), .bulk, expecting: [xb.key.publicKey],
          hello: Frame.Hello(clock: .now(), software: "sender"))
        let began = ContinuousClock.now
        try await Requester.with(up) { requester in
          try await Self.pipelined(megabytes) { number in
            let answer = try await requester.request(.chunkPut(room: room, ciphertext: chunk(number)))
            #expect(answer == .done)
          }
        }
        let sent = ContinuousClock.now
        let down = try await LinkDialer.dial(
          endpointA, as: xa.deviceIdentity(receiver), .bulk, expecting: [xa.key.publicKey],
          hello: Frame.Hello(clock: .now(), software: "receiver"))
        try await Requester.with(down) { requester in
          try await Self.pipelined(megabytes) { number in
            let chunk = chunk(number)
            let answer = try await requester.request(
              .chunkGet(room: room, ChunkName(of: chunk), origin: xb.handle))
            #expect(answer == .chunk(ciphertext: chunk))
          }
        }
        let growth = try Self.residentMegabytes() - before
        print(
          "\(megabytes) MiB up in \(began.duration(to: sent)), across and down in \(sent.duration(to: .now)),",
          "memory grew by \(growth) MiB")
        #expect(growth < 128)
      }
    }
  }

  private static func pipelined(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        if number >= 8 { try await group.next() }
        group.addTask { try await body(number) }
      }
      try await group.waitForAll()
    }
  }
}

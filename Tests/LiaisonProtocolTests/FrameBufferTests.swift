import LiaisonModel
import LiaisonProtocol
import NIOCore
import Testing

@Suite("Frames in buffers")
struct FrameBufferTests {
  private func chunkFrames() throws -> [Frame] {
    let room = try RoomIdentifier(bytes: Array(2...17))
    return [0, 1, 127, 128, 16_383, 16_384, 1 << 20].flatMap { count -> [Frame] in
      let ciphertext = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      return [0, 1, 127, 128, UInt64.max].flatMap { request in
        [
          Frame(request: request, .chunk(ciphertext: ciphertext)),
          Frame(request: request, .chunkPut(room: room, ciphertext: ciphertext)),
        ]
      }
    }
  }

  @Test("are the bytes that the general way writes, behind their length, and are read back")
  func sameBytes() throws {
    for frame in try chunkFrames() + FrameTests.bodies().map({ Frame(request: 300, $0) }) {
      var buffer = ByteBuffer()
      frame.write(to: &buffer)
      #expect(buffer.readInteger(as: UInt32.self).map(Int.init) == buffer.readableBytes)
      #expect(Array(buffer.readableBytesView) == frame.encoded)
      #expect(try Frame(body: buffer) == frame)
    }
  }

  @Test("are read or refused as the general way would, whatever is cut off or changed")
  func sameVerdict() throws {
    for frame in try chunkFrames() where frame.encoded.count < 200 {
      let bytes = frame.encoded
      func agree(_ bytes: [UInt8]) {
        #expect((try? Frame(body: ByteBuffer(bytes: bytes))) == (try? Frame(encoded: bytes)))
      }
      for count in bytes.indices { agree(Array(bytes[..<count])) }
      for index in bytes.indices.prefix(48) {
        for bit in 0..<8 {
          var changed = bytes
          changed[index] ^= 1 << bit
          agree(changed)
        }
      }
      agree(bytes + [0])
      agree(bytes + bytes)
    }
  }
}

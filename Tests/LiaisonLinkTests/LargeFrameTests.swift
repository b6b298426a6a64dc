import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import NIOCore
import Testing

@Suite("Large frames")
struct LargeFrameTests {
  private func frames() -> [Frame] {
    [1 << 20, 3, 700_000, 1 << 20, 3 << 20, 300_000].enumerated().map { index, count in
      Frame(request: UInt64(index), .chunk(ciphertext: [UInt8](repeating: UInt8(index + 1), count: count)))
    }
  }

  @Test(
    "are the same however the bytes are cut, and stay so while later ones come",
    arguments: [1, 5, 64 << 10, 1 << 20, .max])
  func cuts(size: Int) throws {
    // A byte at a time only where it does not take long.
    let frames = size == 1 ? Array(frames()[1...2]) : frames()
    var stream = ByteBuffer(frames: frames)
    var decoder = FrameDecoder(bytesMax: Limits.frameBytesMax)
    decoder.reusesMemory = true
    var got: [Frame] = []
    while let part = stream.readSlice(length: min(size, stream.readableBytes)), part.readableBytes > 0 {
      // What comes shares no memory with what is still to come.
      decoder.append(ByteBuffer(bytes: part.readableBytesView))
      while let body = try decoder.next() { got.append(try Frame(body: body)) }
    }
    #expect(got == frames)
    #expect(decoder.buffered == 0)
  }

  @Test("count as buffered while they are gathered, and are refused above the bound")
  func bounds() throws {
    var stream = ByteBuffer(frames: [Frame(.chunk(ciphertext: [UInt8](repeating: 1, count: 1 << 20)))])
    var decoder = FrameDecoder(bytesMax: Limits.frameBytesMax)
    decoder.reusesMemory = true
    let (first, second) = (stream.readSlice(length: 100_000), stream.readSlice(length: 1000))
    decoder.append(try #require(first))
    #expect(try decoder.next() == nil)
    // The length has been taken off.
    #expect(decoder.buffered == 100_000 - 4)
    decoder.append(try #require(second))
    #expect(try decoder.next() == nil)
    #expect(decoder.buffered == 101_000 - 4)
    decoder = FrameDecoder(bytesMax: 1 << 20)
    decoder.reusesMemory = true
    decoder.append(ByteBuffer(integer: UInt32(1 << 20) + 1))
    #expect(throws: LinkError.self) { try decoder.next() }
  }
}

@Suite("Memory for large frames")
struct LargeBuffersTests {
  private func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withVeryUnsafeBytes { $0.baseAddress } }

  @Test("is used again once nobody reads it, and not before")
  func reuse() {
    let buffers = LargeBuffers()
    var first = buffers.take(1 << 20)
    first.writeRepeatingByte(1, count: 1 << 20)
    buffers.keep(first)
    let place = address(first)
    let reader = first.getSlice(at: 10, length: 10)
    first = ByteBuffer()
    var second = buffers.take(1 << 20)
    #expect(address(second) != place)
    second.writeRepeatingByte(2, count: 1 << 20)
    buffers.keep(second)
    #expect(reader == ByteBuffer(repeating: 1, count: 10))
    withExtendedLifetime(reader) {}
  }

  @Test("comes back empty")
  func empty() {
    let buffers = LargeBuffers()
    func fill() -> UnsafeRawPointer? {
      var buffer = buffers.take(1 << 20)
      #expect(buffer.readableBytes == 0 && buffer.writableBytes >= 1 << 20)
      buffer.writeRepeatingByte(1, count: 1 << 20)
      buffers.keep(buffer)
      return address(buffer)
    }
    let place = fill()
    #expect(fill() == place)
    #expect(fill() == place)
  }

  @Test("is not kept for what is smaller or larger than a chunk's frame, nor without end")
  func bounds() {
    let buffers = LargeBuffers()
    var held: [ByteBuffer] = []
    for count in [100, 64 << 10, 4 << 20, 8 << 20] {
      let buffer = buffers.take(count)
      #expect(buffer.writableBytes >= count)
      buffers.keep(buffer)
    }
    #expect(buffers.count == 0)
    for _ in 0..<40 {
      let buffer = buffers.take(1 << 20)
      buffers.keep(buffer)
      held.append(buffer)
    }
    #expect(buffers.count == 24)
    buffers.letGo()
    #expect(buffers.count == 0)
  }
}

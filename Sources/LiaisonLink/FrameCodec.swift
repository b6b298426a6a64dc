internal import LiaisonModel
package import LiaisonProtocol
package import NIOCore

/// Cuts a stream of bytes into frames: a 4-byte big-endian length, then that many bytes. It holds at most one frame and
/// what was read with it. A large frame is gathered in a buffer of its own, which is the frame's in the end.
package struct FrameDecoder: Sendable {
  /// The longest body that is taken now, bytes.
  package var bytesMax: Int
  /// Whether large frames are gathered in memory that is used again.
  package var reusesMemory = false
  private var buffer = ByteBuffer()
  /// A large frame's body that is being gathered, and its length. Meanwhile `buffer` is empty.
  private var large: ByteBuffer?
  private var largeLength = 0

  package init(bytesMax: Int = Limits.frameBytesBeforeHelloMax) { self.bytesMax = bytesMax }

  /// Bytes that came and were not yet given out.
  package var buffered: Int { buffer.readableBytes + (large?.readableBytes ?? 0) }

  package mutating func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    if let gathered = large?.readableBytes {
      let missing = min(largeLength - gathered, bytes.readableBytes)
      if var part = bytes.readSlice(length: missing) { large?.writeBuffer(&part) }
      guard bytes.readableBytes > 0 else { return }
    }
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      // What was given out is dropped before more is taken, so that the buffer does not grow with the stream.
      buffer.discardReadBytes()
      buffer.writeBuffer(&bytes)
    }
  }

  /// The next frame's body, or `nil` where more bytes are needed.
  package mutating func next() throws(LinkError) -> ByteBuffer? {
    if let body = large {
      guard body.readableBytes == largeLength else { return nil }
      large = nil
      if reusesMemory { LargeBuffers.shared.keep(body) }
      return body
    }
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
    guard length > 0 else { throw .malformed("a frame is empty") }
    guard length <= bytesMax else { throw .malformed("a frame is longer than \(bytesMax) bytes") }
    guard buffer.readableBytes >= 4 + Int(length) else {
      if reusesMemory, length >= LargeBuffers.bytesMin { gather(Int(length)) }
      return nil
    }
    buffer.moveReaderIndex(forwardBy: 4)
    return buffer.readSlice(length: Int(length))
  }

  private mutating func gather(_ length: Int) {
    var body = LargeBuffers.shared.take(length)
    buffer.moveReaderIndex(forwardBy: 4)
    body.writeBuffer(&buffer)
    buffer = ByteBuffer()
    large = body
    largeLength = length
  }
}

extension ByteBuffer {
  /// Frames in a row, each behind its length.
  package init(frames: some Collection<Frame>) {
    self.init()
    for frame in frames {
      let before = writerIndex
      frame.write(to: &self)
      precondition(
        writerIndex - before <= 4 + Limits.frameBytesMax, "a frame of our own is longer than the protocol allows")
    }
  }
}

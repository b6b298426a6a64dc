internal import LiaisonModel
package import LiaisonProtocol
package import NIOCore

/// Cuts a stream of bytes into frames: a 4-byte big-endian length, then that many bytes. It holds at most one frame and
/// what was read with it.
package struct FrameDecoder: Sendable {
  /// The longest body that is taken now, bytes.
  package var bytesMax: Int
  private var buffer = ByteBuffer()

  package init(bytesMax: Int = Limits.frameBytesBeforeHelloMax) { self.bytesMax = bytesMax }

  /// Bytes that came and were not yet given out.
  package var buffered: Int { buffer.readableBytes }

  package mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      // What was given out is dropped before more is taken, so that the buffer does not grow with the stream.
      buffer.discardReadBytes()
      var bytes = bytes
      buffer.writeBuffer(&bytes)
    }
  }

  /// The next frame's body, or `nil` where more bytes are needed.
  package mutating func next() throws(LinkError) -> ByteBuffer? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
    guard length > 0 else { throw .malformed("a frame is empty") }
    guard length <= bytesMax else { throw .malformed("a frame is longer than \(bytesMax) bytes") }
    guard buffer.readableBytes >= 4 + Int(length) else { return nil }
    buffer.moveReaderIndex(forwardBy: 4)
    return buffer.readSlice(length: Int(length))
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

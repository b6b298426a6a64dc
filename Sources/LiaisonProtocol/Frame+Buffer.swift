public import LiaisonModel
public import NIOCore

/// Frames in the buffers of the network. A frame that carries a document's chunk is written and read here without copying
/// it; its bytes are those of the general way.
extension Frame {
  /// The frame behind its 4-byte length, in one buffer, or with the chunk that ends it in a second one.
  public var buffers: (head: ByteBuffer, chunk: ByteBuffer?) {
    switch body {
    case .chunk(let ciphertext): return (Layout.chunk.head(of: ciphertext, after: [], request: request), ciphertext)
    case .chunkPut(let room, let ciphertext):
      // Field 1, bytes: the room.
      let room = [0x0A, UInt8(room.bytes.count)] + room.bytes
      return (Layout.chunkPut.head(of: ciphertext, after: room, request: request), ciphertext)
    default:
      let body = encoded
      var buffer = ByteBufferAllocator().buffer(capacity: 4 + body.count)
      buffer.writeInteger(UInt32(body.count))
      buffer.writeBytes(body)
      return (buffer, nil)
    }
  }

  /// Appends the frame behind its 4-byte length.
  public func write(to buffer: inout ByteBuffer) {
    var (head, chunk) = buffers
    buffer.writeBuffer(&head)
    if var chunk { buffer.writeBuffer(&chunk) }
  }

  /// Reads one frame's body, without its length, which is all of `buffer`.
  public init(body buffer: ByteBuffer) throws(FrameError) {
    if let frame = Layout.chunk.read(buffer) ?? Layout.chunkPut.read(buffer) {
      self = frame
    } else {
      self = try Frame(encoded: Array(buffer.readableBytesView))
    }
  }
}

/// How protobuf lays out a frame that carries a chunk: the request's number where it is not 0, the body's tag and length,
/// its short fields, and last the ciphertext's tag, length and bytes. What is laid out differently is read the general way.
private enum Layout {
  case chunk
  case chunkPut

  /// Field numbers 54 and 52 of `Frame`, as length-delimited.
  private var tag: UInt64 {
    switch self {
    case .chunk: 54 << 3 | 2
    case .chunkPut: 52 << 3 | 2
    }
  }

  /// The ciphertext's field in the body, as length-delimited.
  private var ciphertextTag: UInt64 {
    switch self {
    case .chunk: 1 << 3 | 2
    case .chunkPut: 2 << 3 | 2
    }
  }

  /// Everything of the frame that comes before the ciphertext.
  func head(of ciphertext: ByteBuffer, after fields: [UInt8], request: UInt64) -> ByteBuffer {
    let count = ciphertext.readableBytes
    var inner = ByteBuffer(bytes: fields)
    // A field with no bytes is not written.
    if count > 0 {
      inner.writeVarint(ciphertextTag)
      inner.writeVarint(UInt64(count))
    }
    var outer = ByteBuffer()
    if request != 0 {
      outer.writeVarint(1 << 3)
      outer.writeVarint(request)
    }
    outer.writeVarint(tag)
    outer.writeVarint(UInt64(inner.readableBytes + count))
    var head = ByteBuffer(integer: UInt32(outer.readableBytes + inner.readableBytes + count))
    head.writeBuffer(&outer)
    head.writeBuffer(&inner)
    return head
  }

  func read(_ buffer: ByteBuffer) -> Frame? {
    var buffer = buffer
    var request: UInt64 = 0
    guard var found = buffer.readVarint() else { return nil }
    if found == 1 << 3 {
      guard let number = buffer.readVarint(), let next = buffer.readVarint() else { return nil }
      request = number
      found = next
    }
    guard found == tag, let length = buffer.readVarint(), length == UInt64(buffer.readableBytes) else { return nil }
    switch self {
    case .chunk:
      guard let ciphertext = readCiphertext(&buffer) else { return nil }
      return Frame(request: request, .chunk(ciphertext: ciphertext))
    case .chunkPut:
      guard buffer.readVarint() == 1 << 3 | 2, buffer.readVarint() == 16, let bytes = buffer.readBytes(length: 16),
        let room = try? RoomIdentifier(bytes: bytes), let ciphertext = readCiphertext(&buffer)
      else { return nil }
      return Frame(request: request, .chunkPut(room: room, ciphertext: ciphertext))
    }
  }

  /// The ciphertext, where it is all that is left.
  private func readCiphertext(_ buffer: inout ByteBuffer) -> ByteBuffer? {
    guard buffer.readVarint() == ciphertextTag, let count = buffer.readVarint(), count == UInt64(buffer.readableBytes)
    else { return nil }
    return buffer.readSlice(length: Int(count))
  }
}

extension Frame.Body {
  /// A chunk of these bytes.
  public static func chunk(ciphertext: [UInt8]) -> Self { .chunk(ciphertext: ByteBuffer(bytes: ciphertext)) }

  /// A chunk of these bytes for a room.
  public static func chunkPut(room: RoomIdentifier, ciphertext: [UInt8]) -> Self {
    .chunkPut(room: room, ciphertext: ByteBuffer(bytes: ciphertext))
  }
}

extension ChunkName {
  /// The name of stored ciphertext.
  public init(of ciphertext: ByteBuffer) { self = ciphertext.withUnsafeReadableBytes { ChunkName(of: $0) } }
}

extension ByteBuffer {
  /// A protobuf varint.
  fileprivate mutating func writeVarint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      writeInteger(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    writeInteger(UInt8(rest))
  }

  /// `nil` where there is none, or more than 64 bits.
  fileprivate mutating func readVarint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard let byte = readInteger(as: UInt8.self) else { return nil }
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}

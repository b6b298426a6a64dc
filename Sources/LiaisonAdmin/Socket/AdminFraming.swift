internal import LiaisonModel
internal import NIOCore
internal import SwiftProtobuf

/// Frames on the administrators' socket: a 4-byte big-endian length, then that many bytes.
struct AdminFraming: ByteToMessageDecoder, MessageToByteEncoder {
  typealias InboundOut = AdminFrame
  typealias OutboundIn = AdminFrame

  /// Somebody does not keep to the protocol.
  struct Malformed: Error {}

  func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
    guard 1...UInt32(Limits.frameBytesMax) ~= length else { throw Malformed() }
    guard buffer.readableBytes >= 4 + Int(length) else { return .needMoreData }
    buffer.moveReaderIndex(forwardBy: 4)
    guard let bytes = buffer.readBytes(length: Int(length)) else { throw Malformed() }
    context.fireChannelRead(wrapInboundOut(try AdminFrame(serializedBytes: bytes)))
    return .continue
  }

  func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
    try decode(context: context, buffer: &buffer)
  }

  func encode(data: AdminFrame, out: inout ByteBuffer) throws {
    let bytes: [UInt8] = try data.serializedBytes()
    guard bytes.count <= Limits.frameBytesMax else { throw Malformed() }
    out.writeInteger(UInt32(bytes.count))
    out.writeBytes(bytes)
  }
}

extension Channel {
  /// The channel as a sequence of frames.
  func adminFrames() throws -> NIOAsyncChannel<AdminFrame, AdminFrame> {
    try pipeline.syncOperations.addHandlers(
      ByteToMessageHandler(AdminFraming()), MessageToByteHandler(AdminFraming()))
    return try NIOAsyncChannel(wrappingChannelSynchronously: self)
  }
}

import TLSPresentation
import Testing

@Suite("TLS presentation language")
struct TLSPresentationTests {
  @Test("Integers are big-endian in their full width")
  func integers() throws {
    var encoder = TLSEncoder()
    encoder.write(UInt8(1))
    encoder.write(UInt16(0x0203))
    encoder.write(UInt32(0x0405_0607))
    encoder.write(UInt64(0x08090A0B_0C0D0E0F))
    #expect(encoder.bytes == Array(1...15))
    var decoder = TLSDecoder(encoder.bytes)
    #expect(try decoder.read(UInt8.self) == 1)
    #expect(try decoder.read(UInt16.self) == 0x0203)
    #expect(try decoder.read(UInt32.self) == 0x0405_0607)
    #expect(try decoder.read(UInt64.self) == 0x08090A0B_0C0D0E0F)
    try decoder.finish()
  }

  @Test("Vectors take the shortest header", arguments: [(0, 1), (63, 1), (64, 2), (16383, 2), (16384, 4)])
  func headers(length: Int, header: Int) throws {
    var encoder = TLSEncoder()
    encoder.write(opaque: [UInt8](repeating: 7, count: length))
    #expect(encoder.bytes.count == header + length)
    var decoder = TLSDecoder(encoder.bytes)
    #expect(try decoder.readOpaque().count == length)
  }

  @Test("A longer header than needed, or the reserved one, is refused")
  func headersRefused() {
    for bytes: [UInt8] in [[0x40, 0x01, 0], [0x80, 0, 0, 1, 0], [0xC0, 0]] {
      #expect(throws: TLSPresentationError.malformedLength) {
        var decoder = TLSDecoder(bytes)
        _ = try decoder.readOpaque()
      }
    }
  }

  @Test("A claimed length beyond the input allocates nothing and is refused")
  func claimedLength() {
    #expect(throws: TLSPresentationError.truncated) {
      var decoder = TLSDecoder([0xBF, 0xFF, 0xFF, 0xFF, 1])
      _ = try decoder.readOpaque()
    }
    #expect(throws: TLSPresentationError.tooLong(bound: 8)) {
      var decoder = TLSDecoder([9, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      _ = try decoder.readOpaque(bound: 8)
    }
  }

  @Test("An optional's presence byte is 0 or 1")
  func optionals() {
    #expect(throws: TLSPresentationError.unknownValue(2)) {
      var decoder = TLSDecoder([2, 0])
      _ = try decoder.readOptional(Pair.self)
    }
  }

  @Test("A value survives the round trip and every truncation of it is refused")
  func roundTrip() throws {
    let value = Pair(first: 0xABCD, second: Array(0..<100))
    let bytes = value.tlsEncoded
    #expect(try Pair(tlsEncoded: bytes) == value)
    for length in 0..<bytes.count {
      #expect(throws: TLSPresentationError.self) { try Pair(tlsEncoded: Array(bytes[..<length])) }
    }
    #expect(throws: TLSPresentationError.trailingBytes(count: 1)) { try Pair(tlsEncoded: bytes + [0]) }
  }
}

private struct Pair: TLSCodable, Equatable {
  var first: UInt16
  var second: [UInt8]

  init(first: UInt16, second: [UInt8]) {
    self.first = first
    self.second = second
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    first = try decoder.read()
    second = try decoder.readOpaque(bound: 1000)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(first)
    encoder.write(opaque: second)
  }
}

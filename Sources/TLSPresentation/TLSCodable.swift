/// A value that can be written in the presentation language of TLS.
public protocol TLSEncodable {
  func encode(to encoder: inout TLSEncoder)
}

/// A value that can be read from untrusted bytes.
public protocol TLSDecodable {
  init(from decoder: inout TLSDecoder) throws(TLSPresentationError)
}

public typealias TLSCodable = TLSEncodable & TLSDecodable

extension TLSEncodable {
  /// The value's only encoding.
  public var tlsEncoded: [UInt8] {
    // Most values are shorter, so that none of their bytes stay behind in a buffer that was outgrown.
    var encoder = TLSEncoder(reservingCapacity: 512)
    encode(to: &encoder)
    return encoder.take()
  }
}

extension TLSDecodable {
  /// Reads one value that is all of `bytes`.
  public init(tlsEncoded bytes: [UInt8]) throws(TLSPresentationError) {
    var decoder = TLSDecoder(bytes)
    self = try decoder.read()
    try decoder.finish()
  }
}

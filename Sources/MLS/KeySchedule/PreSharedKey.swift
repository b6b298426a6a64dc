public import TLSPresentation

/// RFC 9420 §8.4.
public enum ResumptionPSKUsage: UInt8, Sendable {
  case application = 1
  case reinit = 2
  case branch = 3
}

/// Which pre-shared key is meant, and the nonce of this use of it (RFC 9420 §8.4).
public struct PreSharedKeyID: Hashable, Sendable, TLSCodable {
  public enum Kind: Hashable, Sendable {
    case external(id: [UInt8])
    case resumption(usage: ResumptionPSKUsage, groupID: [UInt8], epoch: UInt64)
  }

  public let kind: Kind
  /// `KDF.Nh` random bytes.
  public let nonce: [UInt8]

  public init(kind: Kind, nonce: [UInt8]) {
    self.kind = kind
    self.nonce = nonce
  }

  /// With a fresh nonce, which every use of a PSK needs (RFC 9420 §8.4).
  /// - Parameter cipherSuite: of the group that the PSK enters.
  public init(_ kind: Kind, for cipherSuite: CipherSuite, random: RandomSource = .system) throws(MLSError) {
    self.init(kind: kind, nonce: random.bytes(try Suite(cipherSuite).hashLength))
  }

  public func encode(to encoder: inout TLSEncoder) {
    switch kind {
    case .external(let id):
      encoder.write(UInt8(1))
      encoder.write(opaque: id)
    case .resumption(let usage, let groupID, let epoch):
      encoder.write(UInt8(2))
      encoder.write(usage.rawValue)
      encoder.write(opaque: groupID)
      encoder.write(epoch)
    }
    encoder.write(opaque: nonce)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: kind = .external(id: try decoder.readOpaque())
    case 2:
      let usage = try decoder.read(UInt8.self)
      guard let usage = ResumptionPSKUsage(rawValue: usage) else { throw .unknownValue(UInt64(usage)) }
      kind = .resumption(usage: usage, groupID: try decoder.readOpaque(), epoch: try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
    nonce = try decoder.readOpaque()
  }

  /// The key's name without the nonce and the usage: what it is looked up by.
  package var source: PreSharedKeys.Source {
    switch kind {
    case .external(let id): .external(id: id)
    case .resumption(_, let groupID, let epoch): .resumption(groupID: groupID, epoch: epoch)
    }
  }
}

/// The pre-shared keys that the application hands in. A group knows its own resumption PSKs by itself.
public struct PreSharedKeys: Sendable {
  public enum Source: Hashable, Sendable {
    case external(id: [UInt8])
    case resumption(groupID: [UInt8], epoch: UInt64)
  }

  private var secrets: [Source: Secret]

  public init(_ secrets: [Source: Secret] = [:]) {
    self.secrets = secrets
  }

  public subscript(source: Source) -> Secret? {
    get { secrets[source] }
    set { secrets[source] = newValue }
  }

  /// `psk_secret` (RFC 9420 §8.4).
  package func pskSecret(_ suite: Suite, _ ids: [PreSharedKeyID]) throws(MLSError) -> Secret {
    let zero = Secret.zero(count: suite.hashLength)
    guard let count = UInt16(exactly: ids.count) else { throw .invalidArgument(.count) }
    var result = zero
    for (index, id) in ids.enumerated() {
      guard let psk = secrets[id.source] else { throw .missingPreSharedKey(id) }
      var label = TLSEncoder()
      label.write(id)
      label.write(UInt16(index))
      label.write(count)
      let input = suite.expandWithLabel(
        suite.extract(salt: zero, inputKeyMaterial: psk), "derived psk", context: label.bytes, length: suite.hashLength)
      result = suite.extract(salt: input, inputKeyMaterial: result)
    }
    return result
  }
}

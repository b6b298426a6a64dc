internal import TLSPresentation

/// The state as bytes. They hold every secret of the group: the caller seals them.
extension Group {
  private static let stateVersion: UInt16 = 1

  public var serialized: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 1 << 16)
    encoder.write(Self.stateVersion)
    encoder.write(configuration)
    encoder.write(state)
    encoder.write(sealing: signatureKey)
    switch status {
    case .active: encoder.write(UInt8(0))
    case .removed: encoder.write(UInt8(1))
    case .reInitialized(let reInit):
      encoder.write(UInt8(2))
      encoder.write(reInit)
    }
    encoder.write(proposals)
    encoder.writeVector { encoder in
      for (publicKey, update) in pendingUpdates.sorted(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }) {
        encoder.write(publicKey)
        encoder.write(sealing: update.encryptionKey.secret)
        encoder.write(sealing: update.signatureKey)
      }
    }
    encoder.write(UInt8(pendingCommit == nil ? 0 : 1))
    if let pendingCommit {
      encoder.write(pendingCommit.next)
      encoder.write(sealing: pendingCommit.signatureKey)
      encoder.write(optional: pendingCommit.reInit)
    }
    encoder.write(vector: pastEpochs)
    encoder.writeVector { encoder in
      for (epoch, secret) in resumptionPSKs {
        encoder.write(epoch)
        encoder.write(sealing: secret)
      }
    }
    return encoder.bytes
  }

  /// Reads what ``serialized`` wrote. It trusts the bytes, which only this client can have sealed, but does not trap on
  /// them.
  public init(serialized: [UInt8], random: RandomSource = .system) throws(MLSError) {
    do {
      var decoder = TLSDecoder(serialized)
      self = try Group(from: &decoder, random: random)
      try decoder.finish()
    } catch {
      throw .unreadableState
    }
  }

  private init(from decoder: inout TLSDecoder, random: RandomSource) throws(TLSPresentationError) {
    guard try decoder.read(UInt16.self) == Self.stateVersion else { throw .invalid("the version of the state") }
    let configuration: GroupConfiguration = try decoder.read()
    let state: EpochState = try decoder.read()
    let cipherSuite = state.shared.context.cipherSuite
    self.init(
      state: state, signatureKey: try decoder.readSignatureKey(cipherSuite), configuration: configuration,
      random: random)
    switch try decoder.read(UInt8.self) {
    case 0: status = .active
    case 1: status = .removed
    case 2: status = .reInitialized(try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
    proposals = try decoder.read()
    var updates = try decoder.readVectorContent()
    while !updates.isAtEnd {
      let publicKey: HPKEPublicKey = try updates.read()
      pendingUpdates[publicKey] = PendingUpdate(
        encryptionKey: HPKEPrivateKey(secret: try updates.readSecret()),
        signatureKey: try updates.readSignatureKey(cipherSuite))
    }
    if try decoder.read(UInt8.self) == 1 {
      pendingCommit = PendingCommit(
        next: try decoder.read(), signatureKey: try decoder.readSignatureKey(cipherSuite),
        reInit: try decoder.readOptional())
    }
    pastEpochs = try decoder.readVector()
    var psks = try decoder.readVectorContent()
    while !psks.isAtEnd { resumptionPSKs.append((try psks.read(), try psks.readSecret())) }
  }
}

extension TLSEncoder {
  fileprivate mutating func write(sealing key: SignaturePrivateKey) {
    write(opaque: key.rawRepresentation)
  }
}

extension TLSDecoder {
  fileprivate mutating func readSignatureKey(
    _ cipherSuite: CipherSuite
  ) throws(TLSPresentationError) -> SignaturePrivateKey {
    let raw = try readOpaque()
    guard let key = try? SignaturePrivateKey(cipherSuite: cipherSuite, rawRepresentation: raw) else {
      throw .invalid("a signature key")
    }
    return key
  }
}

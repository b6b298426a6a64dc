package import TLSPresentation

/// The key and the nonce of one message (RFC 9420 §9.1).
package struct MessageKey: Sendable, Equatable {
  package let key: Secret
  package let nonce: Secret
}

/// A sender ratchet (RFC 9420 §9.1): a key can be taken once, and what it was derived from is gone by then.
package struct HashRatchet: Sendable, Equatable {
  /// The generation that ``secret`` gives.
  package private(set) var generation: UInt32
  /// nil once the last generation has been taken.
  private var secret: Secret?
  /// Keys of earlier generations whose messages have not come.
  package private(set) var skipped: [UInt32: MessageKey]

  package init(secret: Secret) {
    generation = 0
    self.secret = secret
    skipped = [:]
  }

  /// The next key, for sending.
  package mutating func next(_ suite: Suite) throws(MLSError) -> (generation: UInt32, key: MessageKey) {
    guard let secret else { throw .exhausted }
    let taken = generation
    let key = MessageKey(
      key: suite.deriveTreeSecret(secret, "key", generation: taken, length: suite.keyLength),
      nonce: suite.deriveTreeSecret(secret, "nonce", generation: taken, length: suite.nonceLength))
    if taken == .max {
      self.secret = nil
    } else {
      self.secret = suite.deriveTreeSecret(secret, "secret", generation: taken, length: suite.hashLength)
      generation += 1
    }
    return (taken, key)
  }

  /// The key of a generation that a message names, for receiving. The keys of the generations that this skips are kept,
  /// as long as they are not too many.
  package mutating func take(_ wanted: UInt32, _ suite: Suite, _ limits: RatchetLimits) throws(MLSError) -> MessageKey {
    if wanted < generation || secret == nil {
      guard let key = skipped.removeValue(forKey: wanted) else { throw .keyConsumed }
      return key
    }
    guard wanted - generation <= limits.forwardDistanceMax else { throw .generationTooFarAhead }
    var taken = try next(suite)
    while taken.generation < wanted {
      if wanted - taken.generation <= limits.outOfOrderMax { skipped[taken.generation] = taken.key }
      taken = try next(suite)
    }
    forgetBeyond(limits.outOfOrderMax)
    return taken.key
  }

  private mutating func forgetBeyond(_ outOfOrderMax: UInt32) {
    guard skipped.count > Int(outOfOrderMax) else { return }
    let generation = generation
    skipped = skipped.filter { generation - $0.key <= outOfOrderMax }
  }

  /// Gives back a key whose message turned out not to be genuine, so that the genuine one can still be read.
  package mutating func restore(_ generation: UInt32, _ key: MessageKey) {
    skipped[generation] = key
  }

  /// Whether any key or secret is left of which this generation's key could be had.
  package func canDerive(_ generation: UInt32) -> Bool {
    skipped[generation] != nil || secret != nil && generation >= self.generation
  }
}

/// Bounds on what a receiver derives and keeps for messages that come late or out of order.
package struct RatchetLimits: Sendable, Equatable {
  package let outOfOrderMax: UInt32
  package let forwardDistanceMax: UInt32

  package init(outOfOrderMax: UInt32, forwardDistanceMax: UInt32) {
    self.outOfOrderMax = outOfOrderMax
    self.forwardDistanceMax = forwardDistanceMax
  }
}

extension HashRatchet: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(generation)
    encoder.write(UInt8(secret == nil ? 0 : 1))
    if let secret { encoder.write(sealing: secret) }
    encoder.writeVector { encoder in
      for (generation, key) in skipped.sorted(by: { $0.key < $1.key }) {
        encoder.write(generation)
        encoder.write(sealing: key.key)
        encoder.write(sealing: key.nonce)
      }
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    generation = try decoder.read()
    secret = try decoder.read(UInt8.self) == 1 ? try decoder.readSecret() : nil
    var content = try decoder.readVectorContent()
    skipped = [:]
    while !content.isAtEnd {
      let generation: UInt32 = try content.read()
      skipped[generation] = MessageKey(key: try content.readSecret(), nonce: try content.readSecret())
    }
  }
}

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
  package private(set) var secret: Secret?
  /// Keys of earlier generations whose messages have not come.
  package private(set) var skipped: [UInt32: MessageKey]
  /// Which of ``skipped`` have come or gone since they were stored.
  package private(set) var skippedChanges = SetChanges<UInt32>()

  package init(secret: Secret) {
    self.init(generation: 0, secret: secret, skipped: [:])
  }

  /// One that was stored.
  package init(generation: UInt32, secret: Secret?, skipped: [UInt32: MessageKey]) {
    self.generation = generation
    self.secret = secret
    self.skipped = skipped
  }

  package static func == (a: Self, b: Self) -> Bool {
    (a.generation, a.secret, a.skipped) == (b.generation, b.secret, b.skipped)
  }

  /// The next key, for sending.
  package mutating func next(_ suite: Suite) throws(MLSError) -> (generation: UInt32, key: MessageKey) {
    guard let secret else { throw .exhausted }
    let taken = generation
    let (expansion, context) = (Expansion(suite, of: secret), taken.bigEndianBytes)
    let key = MessageKey(
      key: expansion.expandWithLabel("key", context: context, length: suite.keyLength),
      nonce: expansion.expandWithLabel("nonce", context: context, length: suite.nonceLength))
    if taken == .max {
      self.secret = nil
    } else {
      self.secret = expansion.expandWithLabel("secret", context: context, length: suite.hashLength)
      generation += 1
    }
    return (taken, key)
  }

  /// The key of a generation that a message names, for receiving. The keys of the generations that this skips are kept,
  /// as long as they are not too many.
  package mutating func take(_ wanted: UInt32, _ suite: Suite, _ limits: RatchetLimits) throws(MLSError) -> MessageKey {
    if wanted < generation || secret == nil {
      guard let key = skipped.removeValue(forKey: wanted) else { throw .keyConsumed }
      skippedChanges.remove(wanted)
      return key
    }
    guard wanted - generation <= limits.forwardDistanceMax else { throw .generationTooFarAhead }
    var taken = try next(suite)
    while taken.generation < wanted {
      if wanted - taken.generation <= limits.outOfOrderMax { keep(taken.key, taken.generation) }
      taken = try next(suite)
    }
    forgetBeyond(limits.outOfOrderMax)
    return taken.key
  }

  private mutating func forgetBeyond(_ outOfOrderMax: UInt32) {
    guard skipped.count > Int(outOfOrderMax) else { return }
    let generation = generation
    for old in skipped.keys where generation - old > outOfOrderMax {
      skipped[old] = nil
      skippedChanges.remove(old)
    }
  }

  private mutating func keep(_ key: MessageKey, _ generation: UInt32) {
    skipped[generation] = key
    skippedChanges.insert(generation)
  }

  package mutating func forgetChanges() {
    skippedChanges = SetChanges()
  }

  package mutating func markAllChanged() {
    forgetChanges()
    for generation in skipped.keys { skippedChanges.insert(generation) }
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

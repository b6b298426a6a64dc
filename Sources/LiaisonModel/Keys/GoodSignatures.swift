internal import Crypto
internal import Synchronization

/// Signatures that this process has verified, so that a card or a batch of receipts that comes again with each message
/// is verified once. Only what was found good is remembered, under a hash of the key, the signed bytes and the
/// signature together; the oldest is forgotten.
enum GoodSignatures {
  /// Twice as many are remembered at most, 32 bytes each.
  private static let generationMax = 2048

  private struct State {
    var recent: Set<SHA256.Digest> = []
    var older: Set<SHA256.Digest> = []
  }

  private static let state = Mutex(State())

  /// Whether `key` signed `bytes`, which `verify` finds out where it is not known.
  static func isGood(_ signature: [UInt8], over bytes: [UInt8], by key: [UInt8], verify: () -> Bool) -> Bool {
    var hash = SHA256()
    // Both have a fixed length, so that the three cannot be cut in another way.
    hash.update(data: key)
    hash.update(data: signature)
    hash.update(data: bytes)
    let digest = hash.finalize()
    if state.withLock({ $0.recent.contains(digest) || $0.older.contains(digest) }) { return true }
    guard verify() else { return false }
    state.withLock { state in
      if state.recent.count >= generationMax {
        state.older = state.recent
        state.recent = []
      }
      state.recent.insert(digest)
    }
    return true
  }
}

internal import LiaisonModel

/// What was sent to a peer on its present link and is not yet receipted.
struct Window: Sendable {
  /// How far into the queue of each precedence it was sent.
  private var sent: [Precedence: Int64] = [:]
  private var underWay: [MessageIdentifier: (precedence: Precedence, bytes: Int)] = [:]
  private var counts: [Precedence: Int] = [:]
  private var bytes: [Precedence: Int] = [:]
  /// When everything is sent again unless a receipt comes before.
  private(set) var resendAt: Timestamp?

  var count: Int { underWay.count }

  func position(_ precedence: Precedence) -> Int64 { sent[precedence] ?? 0 }

  /// How many more of a precedence may be under way. The two upper ones may pass the bound of those below them, so that a
  /// full window does not hold them up; and each has a share for itself, so that none waits for ever.
  func room(for precedence: Precedence) -> Int {
    let own = Limits.deliveryWindow / Limits.lowerPrecedenceShare - counts[precedence, default: 0]
    let ownBytes = Limits.deliveryWindowBytes / Limits.lowerPrecedenceShare - bytes[precedence, default: 0]
    let all = Limits.deliveryWindow + Limits.deliveryWindowReserve * precedence.ranksAbove - count
    let allBytes = Limits.deliveryWindowBytes * (1 + precedence.ranksAbove) - bytes.values.reduce(0, +)
    return max(0, ownBytes > 0 ? own : 0, allBytes > 0 ? all : 0)
  }

  mutating func sent(_ entry: QueuedEnvelope, at now: Timestamp) {
    sent[entry.precedence] = entry.sequence
    if underWay.updateValue((entry.precedence, entry.bytes), forKey: entry.message) == nil {
      counts[entry.precedence, default: 0] += 1
      bytes[entry.precedence, default: 0] += entry.bytes
    }
    if resendAt == nil { resendAt = now.adding(milliseconds: Limits.receiptMillisecondsMax) }
  }

  /// A receipt or a refusal came.
  mutating func settled(_ message: MessageIdentifier, at now: Timestamp) {
    guard let (precedence, size) = underWay.removeValue(forKey: message) else { return }
    counts[precedence, default: 0] -= 1
    bytes[precedence, default: 0] -= size
    resendAt = underWay.isEmpty ? nil : now.adding(milliseconds: Limits.receiptMillisecondsMax)
  }

  /// The clock was set back.
  mutating func setBack(by milliseconds: UInt64) { resendAt = resendAt?.subtracting(milliseconds: milliseconds) }

  /// Begins again at the head of the queue.
  mutating func rewind() { self = Window() }
}

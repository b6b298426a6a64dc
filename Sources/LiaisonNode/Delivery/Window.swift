internal import LiaisonModel

/// What was sent to a peer on its present link and is not yet receipted.
struct Window: Sendable {
  /// How far into the queue of each precedence it was sent.
  private var sent: [Precedence: Int64] = [:]
  private var underWay: [MessageIdentifier: Int] = [:]
  private(set) var bytes = 0
  /// When everything is sent again unless a receipt comes before.
  private(set) var resendAt: Timestamp?

  var count: Int { underWay.count }

  func position(_ precedence: Precedence) -> Int64 { sent[precedence] ?? 0 }

  /// How many more of a precedence may be under way. The two upper ones may pass the bound of the lower, so that a full
  /// window does not hold them up.
  func room(for precedence: Precedence) -> Int {
    let bound = Limits.deliveryWindow + (precedence >= .immediate ? Limits.deliveryWindowReserve : 0)
    let bytesMax = Limits.deliveryWindowBytes * (precedence >= .immediate ? 2 : 1)
    return bytes >= bytesMax ? 0 : max(0, bound - count)
  }

  mutating func sent(_ entry: QueuedEnvelope, at now: Timestamp) {
    sent[entry.precedence] = entry.sequence
    if underWay.updateValue(entry.bytes, forKey: entry.message) == nil { bytes += entry.bytes }
    if resendAt == nil { resendAt = now.adding(milliseconds: Limits.receiptMillisecondsMax) }
  }

  /// A receipt or a refusal came.
  mutating func settled(_ message: MessageIdentifier, at now: Timestamp) {
    guard let size = underWay.removeValue(forKey: message) else { return }
    bytes -= size
    resendAt = underWay.isEmpty ? nil : now.adding(milliseconds: Limits.receiptMillisecondsMax)
  }

  /// Begins again at the head of the queue.
  mutating func rewind() { self = Window() }
}

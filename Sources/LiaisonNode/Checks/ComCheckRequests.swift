internal import LiaisonModel

/// Checks that were sent to peers whose answer is waited for: one of each check at each peer, while the check is open.
struct ComCheckRequests: Sendable {
  private struct Request: Sendable {
    let check: ComCheckIdentifier
    let peer: Handle
  }

  private var waiting: [UInt64: Request] = [:]

  /// Notes a request that takes the place of an earlier one for the same.
  mutating func insert(_ number: UInt64, _ check: ComCheckIdentifier, to peer: Handle) {
    waiting = waiting.filter { $0.value.peer != peer || $0.value.check != check }
    waiting[number] = Request(check: check, peer: peer)
  }

  /// Forgets the requests for any other checks than those that are open.
  mutating func keep(_ open: Set<ComCheckIdentifier>) { waiting = waiting.filter { open.contains($0.value.check) } }

  /// The check that a peer's answer is about.
  mutating func take(_ number: UInt64, from peer: Handle) -> ComCheckIdentifier? {
    guard let request = waiting[number], request.peer == peer else { return nil }
    waiting[number] = nil
    return request.check
  }
}

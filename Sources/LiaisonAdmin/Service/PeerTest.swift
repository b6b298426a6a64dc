internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonTrust

/// What works towards a peer, in the order in which a link comes to be; the first step that fails ends the test.
struct PeerTest {
  private(set) var steps: [AdminTest.Step] = []

  /// Whether every step so far passed.
  var passes: Bool { steps.allSatisfy(\.passed) }

  mutating func add(_ name: String, _ passed: Bool, _ detail: String) {
    guard passes else { return }
    var step = AdminTest.Step()
    (step.name, step.passed, step.detail) = (name, passed, detail)
    steps.append(step)
  }

  /// What the registry says.
  mutating func check(_ peer: Registry.Peer, at now: Timestamp) {
    add("trust", peer.state == .active, peer.state == .active ? "active" : "\(peer.state); \(peer.state.advice)")
    do {
      try peer.card.checkInForce(at: now)
      add("card", true, "serial \(peer.card.content.serial), in force")
    } catch { add("card", false, error.sentence) }
    let endpoints = peer.card.content.endpoints
    add("address", !endpoints.isEmpty, endpoints.isEmpty ? "its card names no endpoint" : "\(endpoints[0])")
  }

  /// Dials the first endpoint that answers, beside the standing link, and looks at what came of it.
  mutating func dial(
    _ peer: Registry.Peer, as identity: LinkIdentity, hello: Frame.Hello, now: @escaping @Sendable () -> Timestamp
  ) async {
    var last: LinkError?
    for endpoint in peer.card.content.endpoints {
      let began = ContinuousClock.now
      do {
        let link = try await LinkDialer.dial(
          endpoint, as: identity, .bulk, expecting: Set(peer.card.content.nodeKeys), hello: hello)
        defer { link.close() }
        let elapsed = began.duration(to: .now)
        for step in ["name", "TCP", "TLS", "key", "accepted"] { add(step, true, step == "TCP" ? "\(endpoint)" : "") }
        add("version", true, "\(link.version), \(link.remoteHello.software)")
        check(clock: link.clockDifferenceMilliseconds)
        check(card: link.remoteHello.nodeCard, of: peer)
        add(
          "round trip", true,
          "\(elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000) ms with TLS")
        return
      } catch { last = error }
    }
    if let last { explain(last) }
  }

  private mutating func check(clock difference: Int64) {
    let seconds = Double(difference) / 1000
    let apart = difference.magnitude
    add(
      "clock", apart <= Limits.clockErrorMillisecondsMax,
      apart < 1000 ? "less than a second apart" : "\(seconds) s \(difference > 0 ? "ahead of" : "behind") ours")
  }

  private mutating func check(card shown: Unverified<NodeCard>?, of peer: Registry.Peer) {
    guard let shown, let card = try? shown.verified(by: peer.card.content.rootKey).content else {
      return add("its card", false, "it shows no card that its known root key signed")
    }
    let known = peer.card.content.serial
    add("its card", card.serial >= known, "it shows serial \(card.serial), serial \(known) is known here")
  }

  private mutating func explain(_ error: LinkError) {
    let order = ["name", "TCP", "TLS", "key", "accepted", "version"]
    let failed =
      switch error {
      case .cannotResolve: 0
      case .connectionRefused, .unreachable, .timeout: 1
      case .notALink: 2
      case .wrongKey: 3
      case .refused: 4
      case .version: 5
      default: 2
      }
    for step in order[..<failed] { add(step, true, "") }
    add(order[failed], false, error.sentence)
  }
}

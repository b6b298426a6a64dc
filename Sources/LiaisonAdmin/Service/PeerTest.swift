package import LiaisonLink
package import LiaisonModel
package import LiaisonProtocol
package import LiaisonTrust

/// What works towards a peer, in the order in which a link comes to be; the first step that fails ends the test.
package struct PeerTest {
  /// One thing that has to work.
  package enum Step: String, Sendable, CaseIterable {
    case trust, card, address, name
    case tcp = "TCP"
    case tls = "TLS"
    case key, accepted, version, clock
    case shownCard = "its card"
    case policy
    case roundTrip = "round trip"
    case link
  }

  private(set) var steps: [AdminTest.Step] = []
  private let timing: LinkTiming

  /// A test that has not begun.
  package init(timing: LinkTiming = LinkTiming()) { self.timing = timing }

  /// Whether every step so far passed.
  package var passes: Bool { steps.allSatisfy(\.passed) }

  /// The steps that were tried: whether each passed, and a sentence on it.
  package var results: [(step: Step, passed: Bool, detail: String)] {
    steps.compactMap { step in Step(rawValue: step.name).map { ($0, step.passed, step.detail) } }
  }

  mutating func add(_ name: Step, _ passed: Bool, _ detail: String) {
    guard passes else { return }
    var step = AdminTest.Step()
    (step.name, step.passed, step.detail) = (name.rawValue, passed, detail)
    steps.append(step)
  }

  /// What the registry says.
  package mutating func check(_ peer: Registry.Peer, at now: Timestamp) {
    add(.trust, peer.state == .active, peer.state == .active ? "active" : "\(peer.state); \(peer.state.advice)")
    do {
      try peer.card.checkInForce(at: now)
      add(.card, true, "serial \(peer.card.content.serial), in force")
    } catch { add(.card, false, "\(error.sentence): ask \(peer.handle) for its next card") }
    if peer.policy.way != .link { add(.policy, false, "no link with it is made: \(peer.policy.way.text)") }
    let endpoints = peer.card.content.endpoints
    add(.address, !endpoints.isEmpty, endpoints.isEmpty ? "its card names no endpoint" : "\(endpoints[0])")
  }

  /// Dials the first endpoint that answers, beside the standing link, and looks at what came of it.
  package mutating func dial(
    _ peer: Registry.Peer, as identity: LinkIdentity, hello: Frame.Hello, now: @escaping @Sendable () -> Timestamp
  ) async {
    var last: (endpoint: Endpoint, error: LinkError)?
    for endpoint in peer.card.content.endpoints {
      do {
        let link = try await LinkDialer.dial(
          endpoint, as: identity, .bulk, expecting: Set(peer.card.content.nodeKeys), hello: hello, timing: timing,
          now: now)
        for step in [Step.name, .tcp, .tls, .key, .accepted] { add(step, true, step == .tcp ? "\(endpoint)" : "") }
        add(.version, true, "\(link.version), \(link.remoteHello.software)")
        check(clock: link.clockDifferenceMilliseconds)
        check(card: link.remoteHello.nodeCard, of: peer)
        check(policy: peer.policy, at: now())
        await ask(over: link)
        link.close()
        return
      } catch { last = (endpoint, error) }
    }
    if let last { explain(last.error, at: last.endpoint) }
  }

  private mutating func check(clock difference: Int64) {
    let seconds = Double(difference) / 1000
    let apart = difference.magnitude
    let isNear = apart <= Limits.clockErrorMillisecondsMax
    add(
      .clock, isNear,
      apart < 1000
        ? "less than a second apart"
        : "\(seconds) s \(difference > 0 ? "ahead of" : "behind") ours"
          + (isNear ? "" : ": what is dated more than an hour ahead is refused; one of the two has to be set"))
  }

  /// What holds for all that is done with it; what is allowed then is for people to read.
  private mutating func check(policy: PeerPolicy, at now: Timestamp) {
    let isValid = policy.isValid(at: now)
    let allowed = policy.fields.prefix(5).map { "\($0.name) \($0.text)" }.joined(separator: "; ")
    add(.policy, isValid, isValid ? allowed : "nothing is allowed now: \(allowed)")
  }

  private mutating func check(card shown: Unverified<NodeCard>?, of peer: Registry.Peer) {
    guard let shown, let card = try? shown.verified(by: peer.card.content.rootKey).content else {
      return add(.shownCard, false, "it shows no card that its known root key signed")
    }
    let known = peer.card.content.serial
    add(.shownCard, card.serial >= known, "it shows serial \(card.serial), serial \(known) is known here")
  }

  /// Asks which of no chunks are missing in a room that there is not: any answer, which will be that there is none, has
  /// been through all of the other node.
  private mutating func ask(over link: Link) async {
    guard passes, let nowhere = try? RoomIdentifier(bytes: [UInt8](repeating: 0, count: 16)) else { return }
    let began = ContinuousClock.now
    let milliseconds = timing.handshakeMilliseconds
    let failure: RequestError?
    do {
      failure = try await Requester.with(link) { requester in
        do throws(RequestError) {
          _ = try await requester.request(.chunkQuery(room: nowhere, []), timeoutMilliseconds: milliseconds)
          return nil
        } catch { return error }
      }
    } catch { failure = .cancelled }
    let elapsed = began.duration(to: .now).components
    switch failure {
    case nil, .refused:
      add(.roundTrip, true, "\(elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000) ms")
    case .ended(let error): add(.roundTrip, false, "the link ended before an answer came: \(error.sentence)")
    case .timeout:
      add(.roundTrip, false, "a question was not answered in \(milliseconds / 1000) s: its node is too busy, or hangs")
    case .cancelled: add(.roundTrip, false, "it was given up")
    }
  }

  /// Says which step a dial came to, and what to look at.
  private mutating func explain(_ error: LinkError, at endpoint: Endpoint) {
    let order = [Step.name, .tcp, .tls, .key, .accepted, .version]
    let (failed, advice): (Int, String) =
      switch error {
      case .cannotResolve: (0, "the card's address or this machine's name service is wrong")
      case .connectionRefused: (1, "its node does not run, or a firewall refuses the port")
      case .unreachable, .timeout: (1, "its machine is down, or the network or a firewall keeps the way closed")
      case .wrongKey: (3, "another node answers there, or somebody in between; ask over another channel")
      case .refused: (4, "it has not activated this node, has suspended it, or knows an older card of it")
      case .version: (5, "one of the two programs is too old")
      default: (2, "another program listens there, or something in between changes what is sent")
      }
    for step in order[..<failed] { add(step, true, step == .tcp ? "\(endpoint)" : "") }
    add(order[failed], false, "\(error.sentence); \(advice)")
  }
}

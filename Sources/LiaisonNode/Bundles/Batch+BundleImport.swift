internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol

/// Taking in what a peer's bundle holds. Each frame goes the way that it would go had it come on the peer's link.
extension Batch {
  /// Takes frames in order, up to one that no honest node makes: ``BundleTally/fault`` then says what it is.
  mutating func take(_ frames: [BundledFrame], from peer: Handle) throws -> BundleTally {
    var taken = BundleTally()
    var exchange = try store.bundleExchange(with: peer)
    for bundled in frames where taken.fault == nil {
      if bundled.sequence != 0 {
        guard bundled.sequence > exchange.taken else {
          taken.old += 1
          continue
        }
        // A number of the far future would keep out everything that comes after it.
        guard bundled.sequence <= max(exchange.taken, now.milliseconds) + Limits.envelopeLifetimeMilliseconds else {
          taken.fault = "a record has a number out of all proportion"
          break
        }
      }
      taken += try takeInBundle(bundled.frame, from: peer)
      // Also where it is at fault, so that the next bundle gets past it.
      if bundled.sequence != 0 {
        // Anew, since the frame may have changed it.
        exchange = try store.bundleExchange(with: peer)
        exchange.taken = bundled.sequence
        try store.save(exchange, with: peer)
      }
      // Before the next message of the same sender, which must not overtake what was held.
      try releaseHeld()
    }
    return taken
  }

  /// Takes one frame, and keeps what there is to say of it for a bundle back.
  private mutating func takeInBundle(_ frame: Frame, from peer: Handle) throws -> BundleTally {
    var taken = BundleTally()
    let (outputsBefore, tallyBefore) = (outputs.count, tally)
    do {
      try store.savepoint {
        switch frame.body {
        case .bundleSeen(let sequence): try release(through: sequence, to: peer)
        case .hubAnswer, .keyPackages, .directoryAnswer, .directoryContinuation, .dutyAnswer, .failure:
          try take(answer: frame, from: peer)
          taken.answers += 1
        default:
          if frame.body.isRequest { taken.questions += 1 }
          try take(frame, from: peer, .bundle)
        }
      }
    } catch let failure as Frame.Failure where frame.request != 0 {
      outputs.removeLast(outputs.count - outputsBefore)
      rosters.removeAll()
      try answerByBundle(Frame(request: frame.request, .failure(failure)), to: peer)
    } catch let failure as Frame.Failure {
      outputs.removeLast(outputs.count - outputsBefore)
      rosters.removeAll()
      complain(of: peer, "a frame of the peer's bundle was not taken: \(failure.text)")
    } catch let violation as Violation {
      tally.count(.violations)
      complain(of: peer, "the peer's bundle broke the protocol: \(violation.text)")
      outputs.removeLast(outputs.count - outputsBefore)
      rosters.removeAll()
      taken.fault = violation.text
      return taken
    }
    func counted(_ counter: Tally.Counter) -> Int {
      let key = Tally.Key(counter: counter, peer: peer)
      return (tally.counts[key] ?? 0) - (tallyBefore.counts[key] ?? 0)
    }
    taken.messages = counted(.taken)
    taken.repeated = counted(.repeated)
    taken.held = counted(.held)
    taken.refused = counted(.refused)
    taken.receipts = counted(.receipts)
    taken.undeliverable = counted(.undeliverable)
    // What would go out on the link of a request goes into a bundle.
    let said = outputs[outputsBefore...].compactMap { output -> Frame? in
      if case .send(.bundle, let frame) = output { frame } else { nil }
    }
    outputs.removeAll { if case .send(.bundle, _) = $0 { true } else { false } }
    for frame in said { try answerByBundle(frame, to: peer) }
    return taken
  }

  /// Tells a peer something that no request of its waits for: on its link, or in the next bundle where there are any.
  mutating func tell(_ body: Frame.Body, to peer: Handle) throws {
    if let link = memory.links.peers[peer]?.link {
      send(Frame(body), on: link)
    } else if try store.bundleExchange(with: peer).isUsed {
      try answerByBundle(Frame(body), to: peer)
    }
  }

  private mutating func answerByBundle(_ frame: Frame, to peer: Handle) throws {
    guard try store.bundleFrameCount(for: peer) < Limits.bundleQuestionsMax else {
      return complain(of: peer, "the peer's bundles ask more than is answered at once; it will ask again")
    }
    try addToBundle(.frame(frame.encoded), for: peer)
  }

  /// Keeps a record until the peer says that it has taken it, and gives its number. Numbers follow the clock, so that a
  /// node which was restored from a backup does not use one twice.
  @discardableResult
  mutating func addToBundle(_ content: BundleItem.Content, for peer: Handle) throws -> UInt64 {
    let sequence = try nextBundleSequence(for: peer)
    try store.insertBundleItem(BundleItem(sequence: sequence, content), for: peer)
    return sequence
  }

  mutating func nextBundleSequence(for peer: Handle) throws -> UInt64 {
    var exchange = try store.bundleExchange(with: peer)
    exchange.lastSequence = max(exchange.lastSequence + 1, now.milliseconds)
    try store.save(exchange, with: peer)
    return exchange.lastSequence
  }

  /// The peer has taken all numbered records up to one.
  private mutating func release(through sequence: UInt64, to peer: Handle) throws {
    var exchange = try store.bundleExchange(with: peer)
    guard
      sequence <= max(exchange.lastSequence, now.adding(milliseconds: Limits.clockErrorMillisecondsMax).milliseconds)
    else { return complain(of: peer, "the peer has taken what was never sent to it; that is passed over") }
    guard sequence > exchange.released else { return }
    exchange.released = sequence
    // It has what this node does not remember: numbers go on behind that.
    exchange.lastSequence = max(exchange.lastSequence, sequence)
    try store.save(exchange, with: peer)
    try store.removeBundleItems(for: peer, through: sequence)
  }

  /// A link came to stand: what waited for a bundle and can be said on it is said there. A peer that does not get it asks
  /// again, by sending its envelope again.
  mutating func sayWhatWaitedForBundles(to peer: Handle, on link: LinkID) throws {
    for item in try store.takeBundleItemsAboutMessages(for: peer, limit: Limits.heldEnvelopesPerPeerMax) {
      switch item.content {
      case .receipt(let leaf): receiptsDue[peer, default: []].append(leaf)
      case .refusal(_, let frame), .frame(let frame):
        if let frame = try? Frame(encoded: frame) { send(frame, on: link) }
      }
    }
  }
}

extension LinkID {
  /// Stands for a bundle: what is sent on it waits for the next one.
  static let bundle = LinkID(UInt64.max - 1)
}

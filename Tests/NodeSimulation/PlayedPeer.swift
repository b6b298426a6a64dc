package import LiaisonModel
internal import LiaisonNode
package import LiaisonProtocol
internal import TLSPresentation

/// A node that a test plays by hand, with a real node's name and keys: it can lie as it likes.
package final class PlayedPeer: LinkEnd {
  /// The node whose name and keys it has.
  package let mask: SimulatedNode
  /// Frames that came, Hellos aside.
  package private(set) var frames: [Frame] = []
  /// Whether its link stands.
  package private(set) var isLinked = false
  private var link: SimulatedLink?
  private unowned let region: Region

  /// Takes the place of a node, which goes down.
  package init(insteadOf node: SimulatedNode, in region: Region) {
    mask = node
    self.region = region
    node.crash()
  }

  /// Dials a node.
  package func dial(_ node: SimulatedNode) {
    let hello = Frame.Hello(clock: region.now, software: "played", nodeCard: mask.card.unverified)
    link = region.connect(self, to: node, .peer(dialler: mask.handle, acceptor: node.handle), hello: hello)
    link?.send(Frame(.hello(Frame.Hello(clock: region.now, software: "played"))), from: node)
    region.run(milliseconds: 500)
  }

  package func opened(_ link: SimulatedLink, with hello: Frame.Hello) { isLinked = true }
  package func received(_ frame: Frame, on link: SimulatedLink) { frames.append(frame) }
  package func closed(_ link: SimulatedLink) { isLinked = false }

  /// Sends a frame, and lets it be dealt with.
  package func send(_ body: Frame.Body, request: UInt64 = 0, wait milliseconds: UInt64 = 500) {
    link?.send(Frame(request: request, body), from: self)
    region.run(milliseconds: milliseconds)
  }

  /// Delivers an envelope of its own making.
  package func deliver(
    _ payload: [UInt8], _ kind: Envelope.Kind = .application, room: RoomIdentifier, message: MessageIdentifier,
    origin: Handle? = nil, acceptedAt: Timestamp? = nil
  ) {
    let envelope = Envelope(
      message: message, room: room, origin: origin ?? mask.handle, precedence: .routine,
      acceptedAt: acceptedAt ?? region.now, kind: kind, payload: payload)
    send(.deliver(envelope: envelope.tlsEncoded))
  }

  /// Messages that the other node has receipted.
  package var receipted: [MessageIdentifier] {
    frames.flatMap { frame -> [MessageIdentifier] in
      guard case .receipts(let receipts) = frame.body else { return [] }
      return receipts.inclusions.map(\.leaf.message)
    }
  }

  /// Why a message was refused.
  package func refusal(of message: MessageIdentifier) -> Frame.Failure.Reason? {
    frames.lazy.compactMap { frame -> Frame.Failure.Reason? in
      guard case .refused(message, let failure) = frame.body else { return nil }
      return failure.reason
    }.first
  }

  /// Envelopes that the other node has delivered, as they came.
  package var delivered: [[UInt8]] {
    frames.compactMap { if case .deliver(let envelope) = $0.body { envelope } else { nil } }
  }
}

package import LiaisonModel
package import LiaisonProtocol

/// From a secured connection to an established link: the first frames of either side, and what may follow them.
///
/// The dialler sends its Hello at once; the acceptor first decides by kind and key whether it wants the link, then sends
/// its own or says why not. Nothing else is taken before the other side's Hello.
package struct LinkHandshake: Sendable {
  /// Which side of the connection this is.
  package enum Role: Sendable {
    case dialler(Frame.Hello)
    case acceptor
  }

  /// What the acceptor answers to a key.
  package enum Decision: Sendable {
    case accepted(Frame.Hello)
    case refused(Frame.Failure)
  }

  /// What the first frames settled.
  package struct Agreement: Equatable, Sendable {
    package let hello: Frame.Hello
    /// The highest version that both sides speak.
    package let version: UInt32
    /// The other side's clock less ours.
    package let clockDifferenceMilliseconds: Int64

    package init(hello: Frame.Hello, version: UInt32, clockDifferenceMilliseconds: Int64) {
      self.hello = hello
      self.version = version
      self.clockDifferenceMilliseconds = clockDifferenceMilliseconds
    }
  }

  /// What the link has to do now.
  package enum Action: Equatable, Sendable {
    case none
    /// Ask whether this key may have a link of this kind; read nothing until then.
    case decide
    case send(Frame)
    case established(Agreement)
    case deliver(Frame)
    /// Say this, if anything, and close.
    case end(LinkError, saying: Frame.Failure?)
  }

  private enum State {
    case securing(Role)
    case deciding
    case awaitingHello(ours: Frame.Hello, isDialler: Bool)
    case established
    case over
  }

  private var state: State

  package init(_ role: Role) { state = .securing(role) }

  /// Whether frames may be taken now; what came already waits.
  package var takesFrames: Bool {
    switch state {
    case .awaitingHello, .established: true
    case .securing, .deciding, .over: false
    }
  }

  /// TLS stands, and the other side proved its key.
  package mutating func secured() -> Action {
    guard case .securing(let role) = state else { return .none }
    switch role {
    case .dialler(let hello):
      state = .awaitingHello(ours: hello, isDialler: true)
      return .send(Frame(.hello(hello)))
    case .acceptor:
      state = .deciding
      return .decide
    }
  }

  package mutating func decided(_ decision: Decision) -> Action {
    guard case .deciding = state else { return .none }
    switch decision {
    case .accepted(let hello):
      state = .awaitingHello(ours: hello, isDialler: false)
      return .send(Frame(.hello(hello)))
    case .refused(let failure):
      state = .over
      return .end(.closedHere, saying: failure)
    }
  }

  package mutating func received(_ frame: Frame, at now: Timestamp) -> Action {
    switch state {
    case .securing, .deciding, .over: return .none
    case .awaitingHello(let ours, let isDialler):
      switch frame.body {
      case .hello(let theirs):
        guard let version = ProtocolVersion.common(ours.versions, theirs.versions) else {
          state = .over
          // Both sides hold both Hellos and come to this by themselves: nothing is left to say.
          return .end(.version(ours: ours.versions, theirs: theirs.versions), saying: nil)
        }
        state = .established
        return .established(
          Agreement(
            hello: theirs, version: version,
            clockDifferenceMilliseconds: Int64(clamping: theirs.clock.milliseconds)
              - Int64(clamping: now.milliseconds)))
      case .failure(let failure) where isDialler:
        state = .over
        return .end(.refused(failure), saying: nil)
      default:
        state = .over
        return .end(.malformed("a frame came before Hello"), saying: nil)
      }
    case .established:
      switch frame.body {
      case .hello:
        state = .over
        return .end(.malformed("a second Hello came"), saying: nil)
      case .ping: return .send(Frame(request: frame.request, .pong))
      case .pong: return .none
      case .failure(let failure) where frame.request == 0:
        // No request's answer, so the other side's last word.
        state = .over
        return .end(.refused(failure), saying: nil)
      default: return .deliver(frame)
      }
    }
  }
}

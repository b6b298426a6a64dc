internal import LiaisonModel
package import LiaisonProtocol

/// Why a link did not come to be, or ended.
package enum LinkError: Error, Equatable, Sendable {
  /// The host has no address.
  case cannotResolve(host: String)
  /// Nobody listens at the address and port.
  case connectionRefused
  /// The network does not lead there; the system's words.
  case unreachable(String)
  /// No connection, or no Hello, in time.
  case timeout
  /// Something answered, but not with the TLS that links use; what was wrong, without the other side's bytes.
  case notALink(String)
  /// The other side proved a key (32 bytes) that is none of those expected.
  case wrongKey(found: [UInt8])
  /// The other side said why it wants no link, or no more of it. Its words are hostile text.
  case refused(Frame.Failure)
  /// There is no version that both sides speak.
  case version(ours: ClosedRange<UInt32>, theirs: ClosedRange<UInt32>)
  /// The other side broke the protocol.
  case malformed(String)
  /// The other side gave no sign of life.
  case silent
  /// More was posted than the link may hold back.
  case overflow
  /// The other side closed, or the connection broke.
  case closed
  /// This side closed.
  case closedHere
  /// The asking task was cancelled.
  case cancelled
  /// The address to listen on cannot be had; the system's words.
  case cannotListen(String)

  /// One sentence for a person.
  package var sentence: String {
    switch self {
    case .cannotResolve(let host): "the host name \(host) cannot be resolved"
    case .connectionRefused: "the connection was refused: nothing listens there"
    case .unreachable(let why): "it cannot be reached: \(why)"
    case .timeout: "it did not answer in time"
    case .notALink(let why): "what answers there does not speak Liaison's TLS: \(why)"
    case .wrongKey(let found): "it proved the wrong key (\(Hex.encode(found.prefix(8)))…)"
    case .refused(let failure): "it refused: \(failure.text)"
    case .version(let ours, let theirs):
      "no common version: we speak \(ours.lowerBound) to \(ours.upperBound), "
        + "they \(theirs.lowerBound) to \(theirs.upperBound)"
    case .malformed(let what): "it broke the protocol: \(what)"
    case .silent: "it gave no sign of life"
    case .overflow: "it takes too little of what is sent to it"
    case .closed: "the link was closed"
    case .closedHere: "the link was closed on this side"
    case .cancelled: "it was given up"
    case .cannotListen(let why): "cannot listen there: \(why)"
    }
  }
}

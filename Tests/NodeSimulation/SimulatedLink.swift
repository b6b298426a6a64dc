package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol

/// One side of a link: a node, or whatever plays a device.
package protocol LinkEnd: AnyObject {
  /// The other side's Hello came; the link stands.
  func opened(_ link: SimulatedLink, with hello: Frame.Hello)
  /// A frame came.
  func received(_ frame: Frame, on link: SimulatedLink)
  /// The other side closed, or the connection broke.
  func closed(_ link: SimulatedLink)
}

/// A connection: two streams of frames, each in order, each with its own delays. What is under way when it breaks is lost.
package final class SimulatedLink {
  /// Its number on both sides.
  package let id: LinkID
  /// 0 dialled, 1 accepted.
  let ends: [any LinkEnd]
  let identity: LinkIdentity
  var isOpen = [true, true]
  private var lastArrival: [Timestamp]
  private unowned let region: Region

  /// What the acceptor learns of the dialler.
  package enum LinkIdentity: Sendable {
    case peer(dialler: Handle, acceptor: Handle)
    case device(DeviceLinkKey)
    /// Whatever the key: the device brings an invitation.
    case enrolment(DeviceLinkKey)
  }

  init(_ id: LinkID, from dialler: any LinkEnd, to acceptor: any LinkEnd, _ identity: LinkIdentity, in region: Region) {
    self.id = id
    ends = [dialler, acceptor]
    self.identity = identity
    self.region = region
    lastArrival = [region.now, region.now]
  }

  private func side(_ end: any LinkEnd) -> Int { ends[0] === end ? 0 : 1 }

  /// Sends a frame, as bytes, to the other side.
  package func send(_ frame: Frame, from end: any LinkEnd) {
    let side = side(end)
    guard isOpen[side] else { return }
    let bytes = frame.encoded
    arrive(from: side) { other in
      guard let frame = try? Frame(encoded: bytes) else { preconditionFailure("a frame was sent that cannot be read") }
      if case .hello(let hello) = frame.body {
        other.opened(self, with: hello)
      } else {
        other.received(frame, on: self)
      }
    }
  }

  /// Closes the link from one side; what it sent before still arrives.
  package func close(from end: any LinkEnd) {
    let side = side(end)
    guard isOpen[side] else { return }
    isOpen[side] = false
    arrive(from: side) { other in
      self.isOpen[1 - side] = false
      other.closed(self)
    }
  }

  /// Breaks the connection: both sides notice, each in its own time, and nothing more arrives.
  package func cut() {
    for side in 0...1 where isOpen[side] {
      isOpen[side] = false
      let end = ends[side]
      region.after(milliseconds: region.latency()) { end.closed(self) }
    }
  }

  private func arrive(from side: Int, _ body: @escaping (any LinkEnd) -> Void) {
    let time = max(lastArrival[side], region.now.adding(milliseconds: region.latency()))
    lastArrival[side] = time
    region.at(time) {
      guard self.isOpen[1 - side] else { return }
      body(self.ends[1 - side])
    }
  }
}

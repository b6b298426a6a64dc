package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol
internal import TLSPresentation

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
  private let ends: [End]
  let identity: LinkIdentity
  var isOpen = [true, true]
  /// Nothing arrives any more, and neither side knows.
  private var isSilent = false
  private var lastArrival: [Timestamp]
  private unowned let region: Region

  /// What the acceptor learns of the dialler.
  package enum LinkIdentity: Sendable {
    case peer(dialler: Handle, acceptor: Handle)
    case device(DeviceLinkKey)
    /// Whatever the key: the device brings an invitation.
    case enrolment(DeviceLinkKey)
  }

  /// 0 dialled, 1 accepted. Each has the link, and not the other way round.
  private struct End {
    weak var end: (any LinkEnd)?
  }

  init(_ id: LinkID, from dialler: any LinkEnd, to acceptor: any LinkEnd, _ identity: LinkIdentity, in region: Region) {
    self.id = id
    ends = [End(end: dialler), End(end: acceptor)]
    self.identity = identity
    self.region = region
    lastArrival = [region.now, region.now]
  }

  private func side(_ end: any LinkEnd) -> Int { ends[0].end === end ? 0 : 1 }

  /// Sends a frame, as bytes, to the other side.
  package func send(_ frame: Frame, from end: any LinkEnd) {
    let side = side(end)
    guard isOpen[side] else { return }
    let bytes = frame.encoded
    if isBetweenNodes, frame.isOfDelivery {
      if region.happens(.loss, oneIn: region.faults.lossOneIn) { return }
      if region.happens(.overtaken, oneIn: region.faults.overtakenOneIn) { return bringLate(bytes, from: side) }
    }
    arrive(from: side) { [self] in hand(bytes, to: 1 - side) }
    guard frame.isOfDelivery, region.happens(.duplicate, oneIn: region.faults.duplicateOneIn) else { return }
    // What links keep in order comes twice in order, and otherwise at any time.
    if isBetweenNodes, region.faults.overtakenOneIn > 0 {
      bringLate(bytes, from: side)
    } else {
      arrive(from: side) { [self] in hand(bytes, to: 1 - side) }
    }
  }

  private func hand(_ bytes: [UInt8], to side: Int) {
    guard let frame = try? Frame(encoded: bytes) else { preconditionFailure("a frame was sent that cannot be read") }
    region.trace.note(
      "frame", at: region.now, id.rawValue, UInt64(side), frame.request, UInt64(bytes.count), bytes: frame.identifier)
    if case .hello(let hello) = frame.body {
      ends[side].end?.opened(self, with: hello)
    } else {
      ends[side].end?.received(frame, on: self)
    }
  }

  /// Brings a frame by a road of its own, behind what is sent meanwhile, and over the link that stands by then.
  private func bringLate(_ bytes: [UInt8], from side: Int) {
    guard case .peer(let dialler, let acceptor) = identity else { return }
    let receiver = ends[1 - side].end
    region.after(milliseconds: UInt64.random(in: 50...5_000, using: &region.random)) { [region] in
      guard let link = region.standingLink(dialler, acceptor),
        let to = link.ends.firstIndex(where: { $0.end === receiver })
      else { return }
      link.arrive(from: 1 - to) { link.hand(bytes, to: to) }
    }
  }

  private var isBetweenNodes: Bool { if case .peer = identity { true } else { false } }

  /// Closes the link from one side; what it sent before still arrives.
  package func close(from end: any LinkEnd) {
    let side = side(end)
    guard isOpen[side] else { return }
    isOpen[side] = false
    arrive(from: side) { [self] in
      isOpen[1 - side] = false
      ends[1 - side].end?.closed(self)
    }
  }

  /// Breaks the connection: both sides notice, each in its own time, and nothing more arrives.
  package func cut() {
    for side in 0...1 where isOpen[side] {
      isOpen[side] = false
      let end = ends[side].end
      region.after(milliseconds: region.latency()) { end?.closed(self) }
    }
  }

  /// Loses all that is sent and under way, and breaks once both sides have waited long enough for a sign of life.
  package func fallSilent(untilCutIn milliseconds: UInt64) {
    isSilent = true
    region.after(milliseconds: milliseconds) { [self] in cut() }
  }

  private func arrive(from side: Int, _ body: @escaping () -> Void) {
    let time = max(lastArrival[side], region.now.adding(milliseconds: region.latency(of: self)))
    lastArrival[side] = time
    region.at(time) { [self] in
      guard isOpen[1 - side], !isSilent else { return }
      body()
    }
  }
}

extension Frame {
  /// The identifier of the message that it carries. What encrypts it is of the system's own randomness, which no seed
  /// repeats: of that the length has to do.
  fileprivate var identifier: [UInt8] {
    switch body {
    case .deliver(let envelope), .submit(let envelope): (try? Envelope(tlsEncoded: envelope))?.message.bytes ?? []
    default: []
    }
  }

  /// Whether it may be lost and come again over what links do not hide: another road, a restart.
  fileprivate var isOfDelivery: Bool {
    switch body {
    case .deliver, .receipts, .inboxItem: true
    default: false
    }
  }
}

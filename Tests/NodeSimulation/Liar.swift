package import LiaisonModel
package import LiaisonProtocol
internal import TLSPresentation

/// Makes false what a node sends to its peers: a real node in all else, an active peer with its own keys, so that whatever
/// such a peer can say, it can say to somebody who has reason to listen.
package final class Liar {
  private unowned let node: SimulatedNode
  private unowned let region: Region
  /// One in how many frames is a lie.
  private let rate: UInt64
  /// What it sent and saw, to say again in another way.
  private var seen: [Envelope] = []
  private var receipts: [Frame.Receipts] = []
  /// Rooms that it is not in.
  package var foreignRooms: [RoomIdentifier] = []

  /// Has `node` lie from now on, until the faults end.
  package init(_ node: SimulatedNode, in region: Region, oneIn rate: UInt64 = 6) {
    self.node = node
    self.region = region
    self.rate = rate
    node.liar = self
  }

  func frames(insteadOf frame: Frame, to peer: Handle) -> [Frame] {
    remember(frame)
    guard region.happens(.lie, oneIn: rate) else { return [frame] }
    switch frame.body {
    case .deliver(let bytes):
      guard let envelope = try? Envelope(tlsEncoded: bytes) else { return [frame] }
      return lies(about: envelope, frame)
    case .receipts(let receipts): return lies(about: receipts, frame, to: peer)
    case .hubCommit, .hubAnswer, .keyPackages, .directoryAnswer: return [altered(frame)].compactMap(\.self)
    // Silence, or what nobody may send here.
    default:
      return [[], [frame, Frame(.inboxAcknowledge(sequence: 1 << 40))]].randomElement(using: &region.random) ?? []
    }
  }

  private func remember(_ frame: Frame) {
    switch frame.body {
    case .deliver(let bytes):
      if let envelope = try? Envelope(tlsEncoded: bytes), seen.count < 64 { seen.append(envelope) }
    case .receipts(let batch): if receipts.count < 16 { receipts.append(batch) }
    default: break
    }
  }

  private func deliver(_ envelope: Envelope, _ change: (inout Envelope) -> Void = { _ in }) -> Frame {
    var changed = envelope
    change(&changed)
    return Frame(.deliver(envelope: changed.tlsEncoded))
  }

  private func lies(about envelope: Envelope, _ frame: Frame) -> [Frame] {
    func spoil(_ envelope: inout Envelope) {
      guard !envelope.payload.isEmpty else { return }
      envelope.payload[Int.random(in: 0..<envelope.payload.count, using: &region.random)] ^= 1
    }
    switch Int.random(in: 0..<9, using: &region.random) {
    // The identifier of one that is not sent, or is sent first, or after.
    case 0: return []
    case 1: return [deliver(envelope, spoil)]
    case 2: return [deliver(envelope, spoil), frame]
    case 3: return [frame, deliver(envelope, spoil)]
    case 4: return [frame, deliver(envelope) { $0.acceptedAt = region.now.adding(milliseconds: 7 * 86_400_000) }]
    case 5:
      guard let room = foreignRooms.randomElement(using: &region.random) else { return [frame] }
      return [
        frame,
        deliver(envelope) {
          $0.room = room
          $0.message = MessageIdentifier(using: &region.random)
        },
      ]
    case 6:
      // What was said before, as if it were new.
      guard let old = seen.randomElement(using: &region.random) else { return [frame] }
      return [frame, deliver(old) { $0.message = MessageIdentifier(using: &region.random) }]
    case 7:
      let others = region.nodes.keys.filter { $0 != node.handle }.sorted()
      guard let other = others.randomElement(using: &region.random) else { return [frame] }
      return [deliver(envelope) { $0.origin = other }]
    default: return [frame, Frame(.deliver(envelope: region.random.bytes(200)))]
    }
  }

  private func lies(about receipts: Frame.Receipts, _ frame: Frame, to peer: Handle) -> [Frame] {
    func sign(_ leaves: [ReceiptLeaf], holder: Handle? = nil, origin: Handle? = nil) -> Frame {
      let signed = ReceiptBatch.sign(
        leaves, holder: holder ?? node.handle, origin: origin ?? peer, heldAt: region.now, by: node.nodeKey)
      guard let batch = signed.first?.batch else { return frame }
      return Frame(
        .receipts(
          Frame.Receipts(
            batch: batch,
            inclusions: signed.map { Frame.Receipts.Inclusion(leaf: $0.leaf, index: $0.index, path: $0.path) })))
    }
    var leaves = receipts.inclusions.map(\.leaf)
    guard !leaves.isEmpty else { return [frame] }
    let third = region.nodes.keys.sorted().first { $0 != node.handle && $0 != peer }
    switch Int.random(in: 0..<8, using: &region.random) {
    case 0: return []
    case 1:
      leaves[0].envelopeDigest = region.random.bytes(32)
      return [sign(leaves)]
    case 2:
      leaves.append(
        ReceiptLeaf(message: MessageIdentifier(using: &region.random), envelopeDigest: leaves[0].envelopeDigest))
      return [sign(leaves)]
    case 3: return [sign(leaves, holder: third ?? peer)]
    case 4: return [sign(leaves, origin: third ?? node.handle)]
    case 5:
      // Of another's batch: the paths lead nowhere.
      guard let other = self.receipts.randomElement(using: &region.random) else { return [frame] }
      return [Frame(.receipts(Frame.Receipts(batch: other.batch, inclusions: receipts.inclusions))), frame]
    case 6:
      let refusals = leaves.map { Frame(.refused(message: $0.message, Frame.Failure(.limit, "there is no room here"))) }
      return Bool.random(using: &region.random) ? refusals : [frame] + refusals
    default:
      let unknown = MessageIdentifier(using: &region.random)
      return [frame, Frame(.refused(message: unknown, Frame.Failure(.unknown, "what nobody sent")))]
    }
  }

  /// An answer or a request with one bit turned, where it is still a frame at all; else nothing.
  private func altered(_ frame: Frame) -> Frame? {
    var bytes = frame.encoded
    guard bytes.count > 8 else { return nil }
    bytes[Int.random(in: 8..<bytes.count, using: &region.random)] ^= 1
    return try? Frame(encoded: bytes)
  }
}

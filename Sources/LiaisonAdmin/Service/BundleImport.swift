internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import TLSPresentation

/// A peer's bundle that is being taken in. Whatever was taken stays when it ends early, and is known when it comes again.
struct BundleImport: Sendable {
  let header: BundleHeader
  /// The card by which the bundle's signatures are verified.
  private let card: Signed<NodeCard>
  private var opener: BundleOpener?
  private var digest = BundleDigest()
  /// Whether it is newer than any that was taken to its end.
  private let isNews: Bool
  /// Rooms of which chunks are taken, as far as that was asked.
  private var rooms: [RoomIdentifier: Bool] = [:]
  private(set) var counts = BundleCounts()
  /// What is to be said of it.
  private(set) var remarks: [String] = []

  /// Reads and verifies the head. Throws why nothing of it is taken.
  init(head bytes: [UInt8], at desk: BundleDesk) async throws {
    guard let head = try? BundleHead(tlsEncoded: bytes), let claim = try? head.header.claim() else {
      throw Frame.Failure(.malformed, "the head of the bundle is malformed")
    }
    let from = claim.from
    let own = await desk.keeper.registry.ownCard?.content.handle
    guard from != own else { throw Frame.Failure(.notPermitted, "this node made the bundle itself") }
    guard let known = await desk.keeper.registry.peer(from) else {
      throw Frame.Failure(.notPermitted, "the bundle is from \(from), which is no peer of this node")
    }
    // Its next card may have come by no other way.
    if let shown = try? head.card.claim(), shown.serial > known.card.content.serial {
      await desk.keeper.shown(head.card, by: from)
    }
    guard let card = await desk.keeper.registry.peer(from)?.card, let header = try? head.header.verified(by: card)
    else { throw Frame.Failure(.malformed, "the bundle was not signed by \(from)") }
    self.header = header.content
    self.card = card
    guard self.header.to == own else {
      throw Frame.Failure(.notPermitted, "the bundle is for \(self.header.to), not for this node")
    }
    let now = desk.clock()
    guard self.header.madeAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw Frame.Failure(.notPermitted, "the bundle is dated in the future; is the clock right?")
    }
    if self.header.isSealed {
      let secret = BundleSecret(of: await desk.keeper.key)
      do { opener = try BundleOpener(self.header, by: secret) } catch {
        throw Frame.Failure(.unknown, "\(error.sentence); export a bundle for \(from), and have another one made there")
      }
    }
    guard case .opened(let newest) = try await desk.ask(.open(self.header)) else { throw BundleDesk.wrongAnswer }
    isNews = newest.map { $0.madeAt < header.content.madeAt } ?? true
    if newest?.bundle == self.header.bundle {
      remarks.append("this bundle was taken in before")
    } else if !isNews {
      remarks.append("a newer bundle was taken in before this one")
    }
    if !self.header.isSealed {
      remarks.append("it holds nothing but the card and the key of \(from): export a bundle for it now")
    }
    _ = try await desk.ask(.take([BundledFrame(Frame(.bundleKey(head.key)))], from: from))
    digest.add(BundleLayout.magic)
    digest.add(BundleLayout.part(bytes))
  }

  /// Frames that are taken in one step of the core.
  private static let framesAtOnce = 256

  /// Opens the next segment and takes what is in it.
  mutating func take(segment: [UInt8], at desk: BundleDesk) async throws {
    digest.add(BundleLayout.part(segment))
    guard let records = try? opener?.open(segment) else {
      throw Frame.Failure(.malformed, "the bundle is damaged: a segment is not what \(header.from) sealed")
    }
    var frames: [BundledFrame] = []
    for record in try BundleRecord.all(in: records) {
      let frame: Frame
      do { frame = try Frame(encoded: record.frame) } catch { throw Frame.Failure(.malformed, error.text) }
      switch frame.body {
      // What an old bundle says of them was true once.
      case .trustLogHeads, .trustNotices: if isNews { await desk.take(trust: frame.body, from: header.from) }
      case .chunkPut(let room, let ciphertext):
        try await flush(&frames, at: desk)
        guard try await isTaken(room, at: desk), let chunks = desk.chunks,
          1...Limits.chunkBytesMax ~= ciphertext.readableBytes
        else {
          counts.chunksRefused += 1
          break
        }
        let name = try await ChunkStore.name(of: ciphertext)
        if try await chunks.missing([name], in: room).isEmpty {
          counts.chunksRepeated += 1
          break
        }
        do {
          try await chunks.put(ciphertext, as: name, in: room)
          counts.chunks += 1
        } catch let failure as Frame.Failure {
          // The room's documents, or the disk, are full: what else is in the bundle is taken all the same.
          counts.chunksRefused += 1
          if !remarks.contains(failure.text) { remarks.append(failure.text) }
        }
      default:
        frames.append(BundledFrame(sequence: record.sequence, frame))
        if frames.count == Self.framesAtOnce { try await flush(&frames, at: desk) }
      }
    }
    try await flush(&frames, at: desk)
  }

  private mutating func flush(_ frames: inout [BundledFrame], at desk: BundleDesk) async throws {
    guard !frames.isEmpty else { return }
    guard case .taken(let tally) = try await desk.ask(.take(frames, from: header.from)) else {
      throw BundleDesk.wrongAnswer
    }
    frames = []
    counts.core += tally
    if let fault = tally.fault {
      throw Frame.Failure(.malformed, "the bundle of \(header.from) breaks the protocol: \(fault)")
    }
  }

  /// Whether chunks of a room are taken from the bundle's maker.
  private mutating func isTaken(_ room: RoomIdentifier, at desk: BundleDesk) async throws -> Bool {
    if let known = rooms[room] { return known }
    var isTaken = false
    do {
      _ = try await desk.ask(.permitChunks(of: header.from, in: room))
      isTaken = true
    } catch let failure as Frame.Failure where failure.reason == .notPermitted {}
    rooms[room] = isTaken
    return isTaken
  }

  /// Verifies that this was all of it.
  mutating func take(end bytes: [UInt8], at desk: BundleDesk) async throws {
    digest.add(BundleLayout.part([]))
    guard let end = try? Unverified<BundleEnd>(tlsEncoded: bytes),
      let signed = try? end.verified(byOneOf: card.content.nodeKeys),
      signed.content == digest.end(of: header.bundle)
    else { throw Frame.Failure(.malformed, "the bundle is not whole; what was taken of it stays") }
    _ = try await desk.ask(.close(header))
  }
}

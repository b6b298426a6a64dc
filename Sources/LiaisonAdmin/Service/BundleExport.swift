internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import NIOCore

/// A bundle that is being made, in one file or, where its size is bounded, in several, each a bundle of its own.
struct BundleExport: Sendable {
  /// Bytes for the file.
  struct Part: Sendable {
    var bytes: [UInt8]
    var fileEnds = false
    var moreFiles = false
    var counts: BundleCounts
    var isGreeting: Bool
  }

  private enum Step { case head, segments, end }

  /// What follows the last segment, at most, bytes.
  private static let endBytesMax: UInt64 = 512

  let peer: Handle
  private let key: BundleKey?
  private let sizeMax: UInt64
  /// Rooms whose documents are still to go.
  var rooms: [RoomIdentifier] = []

  private var step = Step.head
  private var sealer: BundleSealer?
  private var digest = BundleDigest()
  private var bundle: BundleIdentifier?
  private var hasTrust = false
  private var cursor = BundleCursor()
  /// Chunks of the last of them that are still to go.
  private var names: [ChunkName]?
  /// Encoded records that are not sealed yet.
  private var waiting: [[UInt8]] = []
  private var segmentsInFile = 0
  private var counts = BundleCounts()

  init(peer: Handle, key: BundleKey?, sizeMax: UInt64) {
    self.peer = peer
    self.key = key
    self.sizeMax = sizeMax
  }

  /// The next bytes.
  mutating func next(at desk: BundleDesk) async throws -> Part {
    switch step {
    case .head: return part(try await head(at: desk))
    case .segments:
      let (segment, count) = try await segment(at: desk)
      let grown = UInt64(segment.count + BundleSealer.tagBytes + 4)
      if count == 0 || (segmentsInFile > 0 && digest.size + grown + Self.endBytesMax > sizeMax) {
        return try await end(at: desk)
      }
      guard let sealed = try sealer?.seal(segment) else { throw BundleDesk.wrongAnswer }
      // Only now are its records done with: they would open the next file otherwise.
      waiting.removeFirst(count)
      segmentsInFile += 1
      return part(BundleLayout.part(sealed))
    case .end: return try await end(at: desk)
    }
  }

  private mutating func part(_ bytes: [UInt8]) -> Part {
    digest.add(bytes)
    return Part(bytes: bytes, counts: counts, isGreeting: key == nil)
  }

  private mutating func head(at desk: BundleDesk) async throws -> [UInt8] {
    let nodeKey = await desk.keeper.key
    guard let card = await desk.keeper.registry.ownCard else {
      throw Frame.Failure(.unknown, "this node has no card")
    }
    let (now, own) = (desk.clock(), card.content.handle)
    var random = SystemRandomNumberGenerator()
    let bundle = BundleIdentifier(using: &random)
    let header: BundleHeader
    if let key {
      let sealer = try BundleSealer(to: key, from: own, bundle: bundle, madeAt: now)
      header = sealer.header
      self.sealer = sealer
    } else {
      header = BundleHeader(from: own, to: peer, bundle: bundle, madeAt: now)
    }
    self.bundle = bundle
    digest = BundleDigest()
    segmentsInFile = 0
    step = key == nil ? .end : .segments
    let head = BundleHead(
      card: card.unverified, key: BundleSecret(of: nodeKey).statement(of: own, at: now, by: nodeKey).unverified,
      header: Signed(header, by: nodeKey).unverified)
    return BundleLayout.magic + BundleLayout.part(head.tlsEncoded)
  }

  /// What the file ends with: an empty part, and what is signed over everything before.
  private mutating func end(at desk: BundleDesk) async throws -> Part {
    guard let bundle else { throw BundleDesk.wrongAnswer }
    let closing = BundleLayout.part([])
    digest.add(closing)
    let end = Signed(digest.end(of: bundle), by: await desk.keeper.key)
    step = .head
    return Part(
      bytes: closing + BundleLayout.part(end.bytes), fileEnds: true, moreFiles: !waiting.isEmpty, counts: counts,
      isGreeting: key == nil)
  }

  /// The records of the next segment, encoded, and how many they are; none where nothing is left. They stay in
  /// ``waiting``.
  private mutating func segment(at desk: BundleDesk) async throws -> (bytes: [UInt8], count: Int) {
    var segment: [UInt8] = []
    var count = 0
    while true {
      if count == waiting.count {
        let more = try await records(at: desk)
        if more.isEmpty { return (segment, count) }
        waiting += more.map(\.tlsEncoded)
      }
      if count == Limits.bundleRecordsMax
        || count > 0 && segment.count + waiting[count].count > Limits.bundleSegmentBytes
      {
        return (segment, count)
      }
      segment += waiting[count]
      count += 1
    }
  }

  /// What comes next, in order: what concerns trust, what waits at the node, documents. Empty at the end.
  private mutating func records(at desk: BundleDesk) async throws -> [BundleRecord] {
    if !hasTrust {
      hasTrust = true
      return await desk.trustFrames(for: peer).map { BundleRecord(frame: $0.encoded) }
    }
    while !cursor.isAtEnd {
      guard case .part(let part) = try await desk.ask(.part(for: peer, cursor)) else { throw BundleDesk.wrongAnswer }
      cursor = part.cursor
      counts.core += part.tally
      if !part.records.isEmpty { return part.records }
    }
    guard let chunks = desk.chunks else { return [] }
    while let room = rooms.last {
      if names == nil { names = try await chunks.names(in: room).reversed() }
      while let name = names?.popLast() {
        // One that the disk spoilt is left out.
        guard let ciphertext = try await chunks.chunk(name, in: room) else { continue }
        counts.chunks += 1
        return [BundleRecord(frame: Frame(.chunkPut(room: room, ciphertext: ciphertext)).encoded)]
      }
      names = nil
      rooms.removeLast()
    }
    return []
  }
}

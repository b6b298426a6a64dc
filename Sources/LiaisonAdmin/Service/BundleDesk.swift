internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol

/// Where bundles are made and taken in, a part at a time: nothing of their size is held in memory. Whoever asks writes the
/// files and reads them.
actor BundleDesk {
  let keeper: TrustKeeper
  let node: any AdministeredNode
  let chunks: ChunkStore?
  let clock: @Sendable () -> Timestamp

  /// Bundles that are made or taken in at one time; the one that was begun first makes room for one more.
  private static let underWayMax = 4

  private var exports: [UInt64: BundleExport] = [:]
  private var imports: [UInt64: BundleImport] = [:]
  private var last: UInt64 = 0
  /// What peers asked of this node's trust log by bundle; gone with the process, and asked for again then.
  private var answers: [Handle: Frame.TrustLogHeads] = [:]

  init(
    keeper: TrustKeeper, node: any AdministeredNode, chunks: ChunkStore?, clock: @escaping @Sendable () -> Timestamp
  ) {
    self.keeper = keeper
    self.node = node
    self.chunks = chunks
    self.clock = clock
  }

  // MARK: Making

  /// Begins a bundle for a peer, and gives the number that names it here.
  func export(for peer: Handle, documents: Bool, sizeMax: UInt64) async throws -> UInt64 {
    guard sizeMax == 0 || sizeMax >= UInt64(Limits.bundleBytesMin) else {
      throw Frame.Failure(
        .malformed, "a bundle is at least \(Limits.bundleBytesMin >> 20) MiB large, where it is bounded")
    }
    guard case .begun(let key, let rooms) = try await ask(.begin(for: peer)) else { throw Self.wrongAnswer }
    var export = BundleExport(peer: peer, key: key?.content, sizeMax: sizeMax == 0 ? .max : sizeMax)
    if documents, key != nil { export.rooms = rooms }
    last += 1
    exports[last] = export
    if exports.count > Self.underWayMax, let first = exports.keys.min() { exports[first] = nil }
    return last
  }

  /// The next bytes of a bundle that is being made.
  func part(of number: UInt64) async throws -> BundleExport.Part {
    guard var export = exports.removeValue(forKey: number) else { throw Self.unknown }
    let part = try await export.next(at: self)
    if !part.fileEnds || part.moreFiles { exports[number] = export }
    if part.fileEnds, !part.moreFiles {
      keeper.audit?.append(
        AuditEvent(.bundleMade, who: "this node", what: "for \(export.peer): \(part.counts.sentence(isMade: true))"),
        at: clock())
    }
    return part
  }

  /// What is said of trust logs and of other peers at the head of a bundle.
  func trustFrames(for peer: Handle) async -> [Frame] {
    let notices = await keeper.notices(for: peer)
    var frames = stride(from: 0, to: notices.count, by: Limits.noticesPerFrameMax).map {
      Frame(.trustNotices(Array(notices[$0..<min($0 + Limits.noticesPerFrameMax, notices.count)])))
    }
    if let answer = answers.removeValue(forKey: peer) { frames.append(Frame(.trustLogHeads(answer))) }
    frames.append(Frame(.trustLogHeads(await keeper.heads(for: peer))))
    return frames
  }

  // MARK: Taking in

  /// Takes the next part of a bundle: first its head, without a number, then each segment, then its end.
  func take(_ part: AdminBundleImport.OneOf_Part, of number: UInt64) async throws -> AdminBundleTaken {
    var answer = AdminBundleTaken()
    switch part {
    case .head(let head):
      let bundle = try await BundleImport(head: Array(head), at: self)
      last += 1
      imports[last] = bundle
      if imports.count > Self.underWayMax, let first = imports.keys.min() { imports[first] = nil }
      answer.number = last
      answer.note(bundle)
    case .segment(let segment):
      guard var bundle = imports.removeValue(forKey: number) else { throw Self.unknown }
      try await bundle.take(segment: Array(segment), at: self)
      imports[number] = bundle
      answer.number = number
      answer.note(bundle)
    case .end(let end):
      guard var bundle = imports.removeValue(forKey: number) else { throw Self.unknown }
      try await bundle.take(end: Array(end), at: self)
      keeper.audit?.append(
        AuditEvent(
          .bundleTaken, who: "\(bundle.header.from)", what: bundle.counts.sentence(isMade: false)), at: clock())
      answer.note(bundle)
    }
    return answer
  }

  /// Takes what a bundle says of trust.
  func take(trust frame: Frame.Body, from peer: Handle) async {
    switch frame {
    case .trustNotices(let notices): await keeper.take(notices, from: peer)
    case .trustLogHeads(let heads):
      if let answer = await keeper.take(heads, from: peer), answers[peer] != nil || answers.count < Limits.peersMax {
        answers[peer] = answer
      }
    default: break
    }
  }

  func ask(_ request: BundleRequest) async throws -> BundleAnswer {
    switch await node.administer(.bundle(request)) {
    case .bundle(let answer): return answer
    case .failed(let failure): throw failure
    default: throw Self.wrongAnswer
    }
  }

  static var wrongAnswer: Frame.Failure {
    Frame.Failure(.unspecified, "the node gave an answer to something else")
  }

  private static var unknown: Frame.Failure {
    Frame.Failure(.unknown, "no such bundle is under way here any more; begin again")
  }
}

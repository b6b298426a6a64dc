package import LiaisonModel
package import LiaisonNode
internal import LiaisonProtocol

extension Region {
  /// What one node has for another, as a bundle holds it.
  package struct CarriedBundle {
    package let header: BundleHeader
    package let records: [BundleRecord]
    /// What the maker says is in it.
    package let tally: BundleTally
  }

  /// Makes a bundle. Its seal is left out: nobody on the way is played here.
  package func bundle(from maker: SimulatedNode, to peer: Handle) throws -> CarriedBundle {
    var (cursor, records, tally) = (BundleCursor(), [BundleRecord](), BundleTally())
    guard case .begun = try maker.bundle(.begin(for: peer)) else { throw SimulationError("no bundle is begun") }
    while !cursor.isAtEnd {
      guard case .part(let part) = try maker.bundle(.part(for: peer, cursor)) else {
        throw SimulationError("a bundle has no part")
      }
      cursor = part.cursor
      records += part.records
      tally += part.tally
    }
    let header = BundleHeader(
      from: maker.handle, to: peer, bundle: BundleIdentifier(using: &random), madeAt: maker.clock)
    return CarriedBundle(header: header, records: records, tally: tally)
  }

  /// Takes a bundle in, as far as its first records where not all are said; gives what came of it.
  package func take(
    _ bundle: CarriedBundle, at node: SimulatedNode, first count: Int = .max
  ) throws -> BundleTally {
    guard case .opened = try node.bundle(.open(bundle.header)) else { throw SimulationError("no bundle is opened") }
    var tally = BundleTally()
    let records = bundle.records.prefix(count)
    // In parts, as segments bring them.
    for start in stride(from: 0, to: records.count, by: 16) {
      let frames = try records[start..<min(start + 16, records.count)].map {
        BundledFrame(sequence: $0.sequence, try Frame(encoded: $0.frame))
      }
      guard case .taken(let more) = try node.bundle(.take(frames, from: bundle.header.from)) else {
        throw SimulationError("a bundle is not taken")
      }
      tally += more
    }
    if count >= bundle.records.count { _ = try node.bundle(.close(bundle.header)) }
    return tally
  }

  /// Makes a bundle and hands it over.
  @discardableResult
  package func carry(from maker: String, to taker: String) throws -> BundleTally {
    let taker = try node(taker)
    return try take(bundle(from: node(maker), to: taker.handle), at: taker)
  }
}

extension SimulatedNode {
  /// Asks the core as whoever makes and takes bundles does.
  package func bundle(_ request: BundleRequest) throws -> BundleAnswer {
    switch try administer(.bundle(request)) {
    case .bundle(let answer): return answer
    case .failed(let failure): throw failure
    default: throw SimulationError("an answer to something else")
    }
  }
}

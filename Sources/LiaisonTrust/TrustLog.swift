package import LiaisonModel
package import MerkleLog
internal import TLSPresentation

/// The append-only record of every decision that made the registry what it is: a Merkle tree (RFC 9162) over signed
/// entries, each bound to all before it. It is made from entries alone, and so is the registry.
package struct TrustLog: Sendable {
  private var tree = MerkleTree()
  /// The fold of the entries.
  package private(set) var registry = Registry()

  /// A log without entries.
  package init() {}

  /// Verifies and folds `entries`, oldest first. Throws ``TrustLogFault``, which names the entry that is wrong.
  package init(entries: some Sequence<[UInt8]>) throws(TrustLogFault) {
    for (index, entry) in entries.enumerated() {
      do { try append(entry) } catch { throw .entry(index, error) }
    }
  }

  /// Verifies all of a log: every entry, and that `head` is signed by the node and speaks of exactly these entries.
  package init(entries: some Sequence<[UInt8]>, head: Unverified<LogHead>) throws(TrustLogFault) {
    try self.init(entries: entries)
    try check(head)
  }

  /// The number of entries.
  package var size: Int { tree.size }

  /// The Merkle root over them.
  package var root: MerkleHash { tree.root }

  /// The root over the first `size` entries; nil where there are fewer.
  package func root(size: Int) -> MerkleHash? { try? tree.root(size: size) }

  /// What shows that this log begins with its first `size` entries, 1 or more (RFC 9162 §2.1.4); nil where there are
  /// fewer.
  package func consistencyProof(from size: Int) -> [MerkleHash]? {
    try? tree.consistencyProof(from: size, to: self.size)
  }

  /// Throws ``TrustLogFault/continuation(_:)`` where this log does not begin with all of `older`, by whose root key
  /// both have to be.
  package func checkContinues(_ older: TrustLog) throws(TrustLogFault) {
    guard let own = registry.ownCard?.content, own.rootKey == older.registry.ownCard?.content.rootKey else {
      throw .continuation("the older log is another country's")
    }
    guard older.size <= size else {
      throw .continuation(
        "the older log has \(older.size) entries, and this one \(size): the last ones are missing here")
    }
    guard root(size: older.size) == older.root else {
      throw .continuation("the older log has other entries than this one: one of the two was made up")
    }
  }

  /// Where the next entry belongs.
  package var nextPosition: LogPosition { LogPosition(sequence: UInt64(size), previousRoot: root) }

  /// Verifies an encoded ``LogEntry`` and appends it. With `now`, for an entry that is being made, its time may differ
  /// from the node's clock by the clock error allowed. Where it throws, nothing has changed.
  @discardableResult
  package mutating func append(_ entry: [UInt8], at now: Timestamp? = nil) throws(TrustError) -> LogRecord {
    let record: LogRecord
    switch try Self.decode(entry) {
    case .decision(let unverified): record = try append(unverified, at: now)
    case .cardReceived(let unverified): record = try append(unverified, at: now)
    case .recovery(let unverified): record = try append(unverified, at: now)
    case .noticeReceived(let unverified): record = try append(unverified, at: now)
    }
    tree.append(.leaf(entry))
    return record
  }

  private mutating func append(_ unverified: Unverified<Decision>, at now: Timestamp?) throws(TrustError) -> LogRecord {
    let claim = try Self.checked { () throws(ModelError) in try unverified.claim() }
    try check(claim.position, claim.decidedAt, at: now)
    let decision = try Self.checked { () throws(ModelError) in
      try unverified.verified(by: claim.administrator).content
    }
    let before = registry.administrators
    let outcome = try registry.apply(
      decision.act, at: decision.position.sequence, by: decision.administrator, at: decision.decidedAt)
    // The first owner is one only afterwards; who removes themselves, only before.
    guard
      let administrator = before[decision.administrator] ?? registry.administrators[decision.administrator]
    else { preconditionFailure("the registry took a decision of nobody") }
    return LogRecord(
      sequence: decision.position.sequence, time: decision.decidedAt, author: .administrator(administrator),
      decision: (decision.act, outcome),
      summary: registry.summary(of: decision.act, outcome) { before[$0]?.name })
  }

  private mutating func append(
    _ unverified: Unverified<CardReceived>, at now: Timestamp?
  ) throws(TrustError) -> LogRecord {
    let claim = try Self.checked { () throws(ModelError) in try unverified.claim() }
    try check(claim.position, claim.receivedAt, at: now)
    let received = try Self.checked { () throws(ModelError) in
      try unverified.verified(by: claim.nodeKey).content
    }
    try registry.apply(received)
    return LogRecord(
      sequence: received.position.sequence, time: received.receivedAt, author: .node(received.nodeKey), decision: nil,
      summary: Act.peerCardUpdated(received.card).summary { _ in nil })
  }

  private mutating func append(_ unverified: Unverified<Recovery>, at now: Timestamp?) throws(TrustError) -> LogRecord {
    let claim = try Self.checked { () throws(ModelError) in try unverified.claim() }
    try check(claim.position, claim.recoveredAt, at: now)
    let recovery = try Self.checked { () throws(ModelError) in
      try unverified.verified(by: claim.rootKey).content
    }
    let before = registry.administrators
    try registry.apply(recovery)
    return LogRecord(
      sequence: recovery.position.sequence, time: recovery.recoveredAt, author: .root(recovery.rootKey), decision: nil,
      summary: recovery.summary { before[$0]?.name })
  }

  private mutating func append(
    _ unverified: Unverified<NoticeReceived>, at now: Timestamp?
  ) throws(TrustError) -> LogRecord {
    let claim = try Self.checked { () throws(ModelError) in try unverified.claim() }
    try check(claim.position, claim.receivedAt, at: now)
    let received = try Self.checked { () throws(ModelError) in
      try unverified.verified(by: claim.nodeKey).content
    }
    let notice = try Self.checked { () throws(ModelError) in try received.notice.claim() }
    let before = registry.peer(notice.handle)?.state
    try registry.apply(received)
    let suspends = registry.peer(notice.handle)?.state != before
    return LogRecord(
      sequence: received.position.sequence, time: received.receivedAt, author: .node(received.nodeKey), decision: nil,
      summary: notice.sentence + (suspends ? "; the policy suspends \(notice.handle) here" : ""))
  }

  /// A statement of all that the log holds now, to be signed by the node.
  package func head(of handle: Handle, at now: Timestamp) -> LogHead {
    LogHead(handle: handle, size: UInt64(size), root: root, signedAt: now)
  }

  /// Throws ``TrustLogFault/head(_:)`` where `head` is not this node's, or not about exactly these entries.
  package func check(_ head: Unverified<LogHead>) throws(TrustLogFault) {
    guard let own = registry.ownCard?.content else { throw .head("the log names no card of this node") }
    guard let content = own.nodeKeys.lazy.compactMap({ try? head.verified(by: $0).content }).first else {
      throw .head("the signature on the log's head does not verify")
    }
    guard content.handle == own.handle else { throw .head("the log's head is another node's") }
    guard content.size == UInt64(size) else {
      throw .head("the log's head speaks of \(content.size) entries, and \(size) are here")
    }
    guard content.root == root else { throw .head("the log's head speaks of other entries than these") }
  }

  private func check(_ position: LogPosition, _ time: Timestamp, at now: Timestamp?) throws(TrustError) {
    guard position.sequence == UInt64(size) else {
      throw TrustError(.wrongPosition, "it was signed as entry \(position.sequence), and entry \(size) is the next")
    }
    guard position.previousRoot == root else {
      throw TrustError(.wrongPosition, "it was signed after other entries than those before it here")
    }
    if let now, max(now, time).milliseconds - min(now, time).milliseconds > Limits.clockErrorMillisecondsMax {
      throw TrustError(.notInForce, "the entry's time and the node's clock differ by more than an hour")
    }
  }

  private static func decode(_ entry: [UInt8]) throws(TrustError) -> LogEntry {
    do { return try LogEntry(tlsEncoded: entry) } catch { throw TrustError(.malformed, "the entry is malformed") }
  }

  private static func checked<Value>(_ body: () throws(ModelError) -> Value) throws(TrustError) -> Value {
    do { return try body() } catch { throw TrustError(error) }
  }
}

/// What is wrong with a log.
package enum TrustLogFault: Error, Equatable, Sendable {
  /// The entry of that place, from 0, does not verify or does not follow from those before it.
  case entry(Int, TrustError)
  /// The entries are in order, and the head does not speak of them.
  case head(String)
  /// A file is not one that holds a log.
  case file(String)
  /// Two logs do not belong together.
  case continuation(String)

  /// One sentence for a person.
  package var sentence: String {
    switch self {
    case .entry(let index, let error): "trust log entry \(index) is wrong: \(error.sentence)"
    case .head(let sentence), .file(let sentence), .continuation(let sentence): sentence
    }
  }
}

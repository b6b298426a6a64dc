internal import Dispatch
package import LiaisonModel
package import MerkleLog
internal import Synchronization
internal import TLSPresentation

/// The append-only record of every decision that made the registry what it is: a Merkle tree (RFC 9162) over signed
/// entries, each bound to all before it. It is made from entries alone, and so is the registry.
package struct TrustLog: Sendable {
  private var tree = MerkleTree()
  /// The fold of the entries.
  package private(set) var registry = Registry()

  /// A log without entries.
  package init() {}

  /// Verifies and folds `entries`, oldest first: nearly all of it is verifying signatures, which is spread over the
  /// processors. Throws ``TrustLogFault``, which names the first entry that is wrong.
  package init(entries: some Sequence<[UInt8]>) throws(TrustLogFault) {
    try self.init(entries: entries, deferringMembers: false)
  }

  private init(entries: some Sequence<[UInt8]>, deferringMembers: Bool) throws(TrustLogFault) {
    let folding = Mutex(Folding())
    var before: [[CheckedOrNot]] = []
    let entries = Array(entries)
    for start in stride(from: 0, to: entries.count, by: Self.entriesPerTurn) {
      before = Self.check(entries[start..<min(start + Self.entriesPerTurn, entries.count)], deferringMembers) {
        [before] in
        folding.withLock { $0.fold(before) }
      }
      if folding.withLock({ $0.fault != nil }) { break }
    }
    self = try folding.withLock { (folding) throws(TrustLogFault) in
      folding.fold(before)
      if let fault = folding.fault { throw fault }
      return folding.log
    }
  }

  /// Verifies all of a log: every entry, and that `head` is signed by the node and speaks of exactly these entries.
  package init(entries: some Sequence<[UInt8]>, head: Unverified<LogHead>) throws(TrustLogFault) {
    try self.init(entries: entries)
    try check(head)
  }

  /// Verifies a node's own log as it starts, under a head that the node signed over what it had verified: everything but
  /// the signatures under decisions about members, which are most of a log and change no registry. They are left to
  /// ``verify(_:)``. Throws ``TrustLogFault``, which names the first entry that is wrong.
  package init(ownEntries entries: [[UInt8]], head: Unverified<LogHead>) throws(TrustLogFault) {
    do {
      try self.init(entries: entries, deferringMembers: true)
      try check(head)
    } catch {
      // Which entry is the wrong one, their signatures say.
      try self.init(entries: entries, head: head)
    }
  }

  /// Verifies the signature of every entry, one after the other, and lets others run between them. Throws
  /// ``TrustLogFault``, and `CancellationError`.
  package static func verify(_ entries: [[UInt8]]) async throws {
    for (index, entry) in entries.enumerated() {
      if index.isMultiple(of: entriesPerThread) {
        try Task.checkCancellation()
        await Task.yield()
      }
      do throws(TrustError) { _ = try CheckedEntry(entry) } catch { throw TrustLogFault.entry(index, error) }
    }
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

  /// What shows that the entry at `index` is in this log (RFC 9162 §2.1.3); nil where there is none.
  package func inclusionProof(of index: Int) -> [MerkleHash]? {
    try? tree.inclusionProof(index: index, size: size)
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
    let addition = try adding(entry, at: now)
    take(addition)
    return addition.record
  }

  /// Verifies an encoded ``LogEntry`` as ``append(_:at:)`` does and says what the log would be with it, without a copy of
  /// it: what a large log costs to append to.
  package func adding(_ entry: [UInt8], at now: Timestamp? = nil) throws(TrustError) -> Addition {
    let checked = try CheckedEntry(entry)
    try checkPlace(of: checked, at: now)
    var next = registry
    let outcome = try next.fold(checked.statement)
    return Addition(
      record: LogRecord(checked, outcome, before: registry, after: next), registry: next, size: size + 1,
      root: tree.root(appending: checked.leafHash), leafHash: checked.leafHash)
  }

  /// Takes over what ``adding(_:at:)`` said of the log as it is.
  package mutating func take(_ addition: Addition) {
    precondition(addition.size == size + 1, "an addition to another log")
    tree.append(addition.leafHash)
    registry = addition.registry
  }

  /// What a log would be with one more entry.
  package struct Addition: Sendable {
    /// What the entry says.
    package let record: LogRecord
    /// The fold of all entries.
    package let registry: Registry
    let size: Int
    let root: MerkleHash
    let leafHash: MerkleHash

    /// A statement of all that the log would hold, and the audit log beside it, to be signed by the node.
    package func head(of handle: Handle, audit: AuditMark = .empty, at now: Timestamp) -> LogHead {
      LogHead(handle: handle, size: UInt64(size), root: root, audit: audit, signedAt: now)
    }
  }

  /// A statement of all that the log holds now, and the audit log beside it, to be signed by the node.
  package func head(of handle: Handle, audit: AuditMark = .empty, at now: Timestamp) -> LogHead {
    LogHead(handle: handle, size: UInt64(size), root: root, audit: audit, signedAt: now)
  }

  /// Throws ``TrustLogFault/head(_:)`` where `head` is not this node's, or not about exactly these entries.
  package func check(_ head: Unverified<LogHead>) throws(TrustLogFault) {
    guard let own = registry.ownCard?.content else { throw .head("the log names no card of this node") }
    guard let content = try? head.verified(byOneOf: own.nodeKeys).content else {
      throw .head("the signature on the log's head does not verify")
    }
    guard content.handle == own.handle else { throw .head("the log's head is another node's") }
    guard content.size == UInt64(size) else {
      throw .head("the log's head speaks of \(content.size) entries, and \(size) are here")
    }
    guard content.root == root else { throw .head("the log's head speaks of other entries than these") }
  }

  private func checkPlace(of entry: CheckedEntry, at now: Timestamp? = nil) throws(TrustError) {
    guard entry.position.sequence == UInt64(size) else {
      throw TrustError(
        .wrongPosition, "it was signed as entry \(entry.position.sequence), and entry \(size) is the next")
    }
    guard entry.position.previousRoot == root else {
      throw TrustError(.wrongPosition, "it was signed after other entries than those before it here")
    }
    if let now, max(now, entry.time).milliseconds - min(now, entry.time).milliseconds > Limits.clockErrorMillisecondsMax
    {
      throw TrustError(.notInForce, "the entry's time and the node's clock differ by more than an hour")
    }
  }
}

// MARK: All of a log

extension TrustLog {
  private typealias CheckedOrNot = Result<CheckedEntry, TrustError>

  /// Entries whose signatures are verified while those of the turn before are folded.
  private static let entriesPerTurn = 8192
  /// Entries that one thread takes at a time.
  private static let entriesPerThread = 64

  /// A log that grows from checked entries until one is wrong.
  private struct Folding {
    var log = TrustLog()
    var fault: TrustLogFault?

    mutating func fold(_ parts: [[CheckedOrNot]]) {
      for entry in parts.joined() where fault == nil {
        do throws(TrustError) {
          let entry = try entry.get()
          try log.checkPlace(of: entry)
          let outcome = try log.registry.fold(entry.statement)
          // A proposal changes the registry, and nobody's word is taken for that.
          if !entry.isVerified, outcome?.effect == nil {
            throw TrustError(.notPermitted, "its signature was not verified")
          }
          log.tree.append(entry.leafHash)
        } catch { fault = .entry(log.size, error) }
      }
    }
  }

  /// Checks each entry by itself, on all processors, and runs `beside` on one of them meanwhile.
  private static func check(
    _ entries: ArraySlice<[UInt8]>, _ deferringMembers: Bool, beside: @Sendable () -> Void
  ) -> [[CheckedOrNot]] {
    let parts = (entries.count + entriesPerThread - 1) / entriesPerThread
    let checked = Mutex([[CheckedOrNot]](repeating: [], count: parts))
    DispatchQueue.concurrentPerform(iterations: parts + 1) { iteration in
      guard iteration > 0 else { return beside() }
      let start = entries.startIndex + (iteration - 1) * entriesPerThread
      let part = entries[start..<min(start + entriesPerThread, entries.endIndex)].map { entry -> CheckedOrNot in
        do throws(TrustError) { return .success(try CheckedEntry(entry, deferringMembers: deferringMembers)) } catch {
          return .failure(error)
        }
      }
      checked.withLock { $0[iteration - 1] = part }
    }
    return checked.withLock { $0 }
  }
}

extension Registry {
  /// Applies what an entry says; for a decision, says what became of it. Where it throws, nothing has changed.
  fileprivate mutating func fold(_ statement: CheckedEntry.Statement) throws(TrustError) -> Outcome? {
    switch statement {
    case .decision(let decision):
      return try apply(
        decision.act, at: decision.position.sequence, by: decision.administrator, at: decision.decidedAt)
    case .cardReceived(let received): try apply(received)
    case .recovery(let recovery): try apply(recovery)
    case .noticeReceived(let received): try apply(received)
    case .cardReplaced(let replaced):
      // By the root key that the card names, which has to be the one that is known.
      guard let before = ownCard else { throw TrustError(.notPermitted, "the log names no card of this node") }
      try issue(replaced.card, at: replaced.replacedAt)
      if let after = ownCard { ownNodeKeys.subtract(Set(before.content.nodeKeys).subtracting(after.content.nodeKeys)) }
    }
    return nil
  }
}

extension LogRecord {
  fileprivate init(_ entry: CheckedEntry, _ outcome: Outcome?, before: Registry, after: Registry) {
    let name = { (key: AdministratorKey) in before.administrators[key]?.name }
    switch (entry.statement, outcome) {
    case (.decision(let decision), let outcome?):
      // The first owner is one only afterwards; who removes themselves, only before.
      guard
        let administrator = before.administrators[decision.administrator]
          ?? after.administrators[decision.administrator]
      else { preconditionFailure("the registry took a decision of nobody") }
      self.init(
        sequence: entry.position.sequence, time: entry.time, author: .administrator(administrator),
        decision: (decision.act, outcome), summary: after.summary(of: decision.act, outcome, naming: name))
    case (.decision, nil): preconditionFailure("nothing became of a decision that was taken")
    case (.cardReceived(let received), _):
      self.init(
        sequence: entry.position.sequence, time: entry.time, author: .node(received.nodeKey), decision: nil,
        summary: Self.summary(of: received.card, Self.isNew(received.card, before)))
    case (.recovery(let recovery), _):
      self.init(
        sequence: entry.position.sequence, time: entry.time, author: .root(recovery.rootKey), decision: nil,
        summary: recovery.summary(naming: name))
    case (.cardReplaced(let replaced), _):
      guard let card = after.ownCard else { preconditionFailure("a card was replaced by none") }
      self.init(
        sequence: entry.position.sequence, time: entry.time, author: .root(card.content.rootKey), decision: nil,
        summary: Act.ownCardIssued(replaced.card).summary { _ in nil } + ", because the node's key is lost")
    case (.noticeReceived(let received), _):
      // It was verified, and so it can be read.
      let notice = try? received.notice.claim()
      let suspended = notice.map { notice in
        before.peer(notice.handle)?.state != after.peer(notice.handle)?.state
          ? "; the policy suspends \(notice.handle) here" : ""
      }
      self.init(
        sequence: entry.position.sequence, time: entry.time, author: .node(received.nodeKey), decision: nil,
        summary: (notice?.sentence ?? "") + (suspended ?? ""))
    }
  }
}

extension LogRecord {
  /// Whether the card is of a country that had none, or had another root key.
  fileprivate static func isNew(_ card: Unverified<NodeCard>, _ before: Registry) -> Bool {
    (try? card.claim()).map { before.isProposedByCharter($0) } ?? false
  }

  fileprivate static func summary(of card: Unverified<NodeCard>, _ isNew: Bool) -> String {
    isNew
      ? Act.peerProposed(card).summary { _ in nil } + "; the charter names it"
      : Act.peerCardUpdated(card).summary { _ in nil }
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

internal import CommandKit
package import LiaisonLink
package import LiaisonModel
package import LiaisonTrust
package import Logging
package import MerkleLog
package import Sodium
internal import Synchronization

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Who did what to a node, when and why: JSON lines in files of its home, each line with the hash of the one before it.
///
/// It is bounded whoever knocks: files of 1 MiB, of which the newest 64 are kept, and of what a source can bring about at
/// will one line an hour, which says how many there were. So no such source pushes out what matters.
package final class AuditLog: Sendable {
  /// The size at which a file is the last one's no more, bytes.
  package static let fileBytesMax = 1 << 20
  /// Files that are kept.
  package static let filesMax = 64

  private struct State {
    var mark: AuditMark
    /// What of it is left after a power cut.
    var flushed: AuditMark
    /// The newest file, where there is one: its name, what it holds, and where it is open.
    var file: (first: UInt64, bytes: Int, descriptor: Int32)?
    var limiters: [Repeated: LogLimiter] = [:]
    /// Lines that the disk did not take.
    var lost = 0
  }

  /// The same again.
  private struct Repeated: Hashable {
    let kind: AuditEvent.Kind
    let source: AuditSource
  }

  private let folder: AuditFolder
  private let fileBytesMax: Int
  private let filesMax: Int
  private let logger: Logger
  private let state: Mutex<State>

  /// Opens the log in `path`, which is made where it is not there. What is in it was not verified; of a line that was
  /// never finished the rest is cut off, and a line says so. `flush` stands for the disk in tests.
  package init(
    folder path: String, fileBytesMax: Int = AuditLog.fileBytesMax, filesMax: Int = AuditLog.filesMax,
    at now: Timestamp,
    logger: Logger = Logger(label: "audit") { _ in SwiftLogNoOpLogHandler() },
    flush: (@Sendable (_ descriptor: Int32, _ path: String) -> Bool)? = nil
  ) throws(FileError) {
    var folder = AuditFolder(path: path)
    if let flush { folder.flush = flush }
    self.folder = folder
    self.fileBytesMax = fileBytesMax
    self.filesMax = max(1, filesMax)
    self.logger = logger
    try folder.make()
    let files = folder.files
    var state = State(mark: .empty, flushed: .empty)
    var unfinished = 0
    if let last = files.last, let first = files.first {
      let (lines, rest) = try folder.lines(of: last)
      unfinished = rest
      let descriptor = try folder.open(last)
      let bytes = lines.reduce(0) { $0 + $1.count + 1 }
      guard ftruncate(descriptor, off_t(bytes)) == 0, folder.flush(descriptor, folder.file(last)) else {
        let error = FileError(.write, path: folder.file(last), errorNumber: errno)
        close(descriptor)
        throw error
      }
      state.file = (last, bytes, descriptor)
      var digest = lines.last.map { MerkleHash.leaf($0) }
      if digest == nil, files.count > 1 {
        digest = try folder.lines(of: files[files.count - 2]).lines.last.map { MerkleHash.leaf($0) }
      }
      state.mark = AuditMark(first: first, size: last + UInt64(lines.count), digest: digest ?? .emptyTree)
      state.flushed = state.mark
    }
    self.state = Mutex(state)
    if unfinished > 0 {
      append(
        AuditEvent(
          .auditCut, who: "this node", what: "an unfinished line was cut off",
          why: "the node was killed, or the disk was full, while it was written"), at: now)
    }
  }

  deinit { state.withLock { if let file = $0.file { close(file.descriptor) } } }

  /// What it holds.
  package var mark: AuditMark { state.withLock { $0.mark } }

  /// Flushes what it holds, and returns what is left of it after a power cut: all, but where the disk refuses. A head of
  /// the trust log speaks of nothing else.
  package func flushedMark() -> AuditMark {
    state.withLock { state in
      guard state.flushed != state.mark, let file = state.file else { return state.flushed }
      do throws(FileError) { try flush(file.descriptor, file.first, &state) } catch {
        logger.error("the audit log could not be flushed", metadata: ["why": "\(error)"])
      }
      return state.flushed
    }
  }

  /// Writes one line and flushes it. Where the disk refuses, the node's log says so, and the next line how many are
  /// missing.
  package func append(_ event: AuditEvent, at now: Timestamp) {
    state.withLock { append(event, at: now, flushing: true, &$0) }
  }

  /// The same for what `source` can bring about at will: of each event 20 lines at once and then one an hour, which says
  /// how many there were besides. Returns whether it was written.
  @discardableResult
  package func append(_ event: AuditEvent, from source: AuditSource, at now: Timestamp) -> Bool {
    state.withLock { state in
      let limiter = LogLimiter(burst: 20, intervalMilliseconds: 3_600_000, at: now.milliseconds)
      let repeated = Repeated(kind: event.kind, source: source)
      guard let unwritten = state.limiters[repeated, default: limiter].admit(at: now.milliseconds) else { return false }
      var event = event
      event.unwritten = unwritten
      // Many links are refused at once where a clock is wrong; they wait for no disk.
      append(
        event, at: now, flushing: event.kind != .linkRefused, textBytesMax: AuditLine.repeatableTextBytesMax, &state)
      return true
    }
  }

  /// Notes that a link was refused: to `peer`, where its key is one's, else to a stranger.
  package func refused(_ link: RefusedLink, to peer: Registry.Peer?, at now: Timestamp) {
    let who = peer.map { "\($0.handle)" } ?? "a stranger with the key \(Hex.encode(link.key.prefix(8)))…"
    let why = peer.map { "\(link.reason); the peer is \($0.state)" } ?? link.reason
    append(
      AuditEvent(.linkRefused, who: who, what: "a link of the kind \(link.kind.rawValue), \(link.address)", why: why),
      from: peer.map { .peer($0.handle) } ?? .stranger, at: now)
  }

  private func append(
    _ event: AuditEvent, at now: Timestamp, flushing: Bool, textBytesMax: Int = AuditLine.textBytesMax,
    _ state: inout State
  ) {
    var event = event
    if state.lost > 0 { event.why += "\(event.why.isEmpty ? "" : "; ")\(state.lost) lines before it were not written" }
    let line = AuditLine(
      event, line: state.mark.size, at: now, after: state.mark.digest, textBytesMax: textBytesMax
    ).bytes
    do throws(FileError) {
      try write(line + [UInt8(ascii: "\n")], flushing: flushing, &state)
      state.mark.size += 1
      state.mark.digest = .leaf(line)
      if flushing { state.flushed = state.mark }
      state.lost = 0
    } catch {
      if state.lost == 0 { logger.error("the audit log takes nothing", metadata: ["why": "\(error)"]) }
      state.lost += 1
    }
  }

  private func write(_ bytes: [UInt8], flushing: Bool, _ state: inout State) throws(FileError) {
    if let file = state.file, file.bytes > 0, file.bytes + bytes.count > fileBytesMax {
      // Nothing flushes it once it is closed.
      try flush(file.descriptor, file.first, &state)
      close(file.descriptor)
      state.file = nil
    }
    if state.file == nil { try begin(&state) }
    guard let file = state.file else { return }
    let path = folder.file(file.first)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(file.descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let error = FileError(.write, path: path, errorNumber: errno)
        // What is left of the line would be taken for a changed one.
        _ = ftruncate(file.descriptor, off_t(file.bytes))
        throw error
      }
      rest = rest.dropFirst(count)
    }
    guard !flushing || folder.flush(file.descriptor, path) else {
      let error = FileError(.flush, path: path, errorNumber: errno)
      _ = ftruncate(file.descriptor, off_t(file.bytes))
      throw error
    }
    state.file?.bytes += bytes.count
  }

  /// Begins the next file, and drops the oldest to make room.
  private func begin(_ state: inout State) throws(FileError) {
    let first = state.mark.size
    let descriptor = try folder.open(first)
    do throws(FileError) {
      let files = folder.files
      let kept = files.suffix(filesMax)
      for file in files.dropLast(filesMax) { unlink(folder.file(file)) }
      // A head must not speak of a beginning that a power cut takes back.
      if kept.count < files.count { try folder.flushNames() }
      state.mark.first = kept.first ?? first
      state.flushed.first = state.mark.first
      state.file = (first, 0, descriptor)
    } catch {
      close(descriptor)
      throw error
    }
  }

  private func flush(_ descriptor: Int32, _ first: UInt64, _ state: inout State) throws(FileError) {
    guard state.flushed != state.mark else { return }
    guard folder.flush(descriptor, folder.file(first)) else {
      throw FileError(.flush, path: folder.file(first), errorNumber: errno)
    }
    state.flushed = state.mark
  }

  // MARK: Reading

  /// Lines from the `first`th on, as many as fit in `bytesMax`, as they are on disk, and the number of the next one.
  /// Throws `FileError`.
  package func page(from first: UInt64, bytesMax: Int) throws(FileError) -> (lines: [[UInt8]], next: UInt64) {
    var page: [[UInt8]] = []
    var bytes = 0
    let files = folder.files
    // The last file that may hold the line, and all after it.
    let begin = files.lastIndex { $0 <= first } ?? 0
    var next = max(first, files.first ?? 0)
    for file in files.dropFirst(begin) {
      for line in try folder.lines(of: file).lines.dropFirst(Int(clamping: next - min(next, file))) {
        bytes += line.count + 8
        guard page.isEmpty || bytes <= bytesMax else { return (page, next) }
        page.append(line)
        next += 1
      }
    }
    return (page, next)
  }

  /// The hash of the last of its first `size` lines; nil where that line is not kept, or cannot be read.
  package func digest(ofFirst size: UInt64) -> MerkleHash? {
    guard size > 0, let page = try? page(from: size - 1, bytesMax: 0), page.next == size else { return nil }
    return page.lines.last.map { MerkleHash.leaf($0) }
  }

  /// Holds what is on disk against the mark of the last head that was kept, and writes down what is wrong. Returns it, in
  /// one sentence.
  package func checkStart(against mark: AuditMark, at now: Timestamp) -> String? {
    do {
      try StoppedAuditLog.check(folder.path, against: mark, fileBytesMax: fileBytesMax, filesMax: filesMax)
      return nil
    } catch {
      let why = (error as? AuditFault)?.sentence ?? "it cannot be read"
      append(AuditEvent(.auditDamaged, who: "this node", what: "the audit log is damaged", why: why), at: now)
      return why
    }
  }

  /// The configuration that the node was last started with; nil where none is known.
  package var lastSettings: [String: String]? {
    let needle = Array("\"event\":\"\(AuditEvent.Kind.nodeStarted.rawValue)\"".utf8)
    for file in folder.files.reversed() {
      guard let lines = try? folder.lines(of: file).lines else { continue }
      for line in lines.reversed() where line.contains(needle) {
        if let line = AuditLine(line), line.event == .nodeStarted, let settings = line.settings { return settings }
      }
    }
    return nil
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

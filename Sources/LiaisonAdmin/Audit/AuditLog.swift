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
/// It is bounded whoever knocks: files of 1 MiB, of which the newest 64 are kept, and of links that strangers are refused
/// a few lines a minute, which say how many there were.
package final class AuditLog: Sendable {
  /// The size at which a file is the last one's no more, bytes.
  package static let fileBytesMax = 1 << 20
  /// Files that are kept.
  package static let filesMax = 64

  private struct State {
    var mark: AuditMark
    /// The newest file, where there is one: its name, what it holds, and where it is open.
    var file: (first: UInt64, bytes: Int, descriptor: Int32)?
    var strangers: LogLimiter
    var peers: [Handle: LogLimiter] = [:]
    /// Lines that the disk did not take.
    var lost = 0
  }

  private let folder: AuditFolder
  private let fileBytesMax: Int
  private let filesMax: Int
  private let logger: Logger
  private let state: Mutex<State>

  /// Opens the log in `path`, which is made where it is not there. What is in it was not verified; of a line that was
  /// never finished the rest is cut off, and a line says so.
  package init(
    folder path: String, fileBytesMax: Int = AuditLog.fileBytesMax, filesMax: Int = AuditLog.filesMax,
    at now: Timestamp,
    logger: Logger = Logger(label: "audit") { _ in SwiftLogNoOpLogHandler() }
  ) throws(FileError) {
    folder = AuditFolder(path: path)
    self.fileBytesMax = fileBytesMax
    self.filesMax = max(1, filesMax)
    self.logger = logger
    try folder.make()
    let files = folder.files
    var state = State(mark: .empty, strangers: Self.limiter(at: now))
    var unfinished = 0
    if let last = files.last, let first = files.first {
      let (lines, rest) = try folder.lines(of: last)
      unfinished = rest
      let descriptor = try folder.open(last)
      let bytes = lines.reduce(0) { $0 + $1.count + 1 }
      guard ftruncate(descriptor, off_t(bytes)) == 0 else {
        throw FileError(.write, path: folder.file(last), errorNumber: errno)
      }
      state.file = (last, bytes, descriptor)
      var digest = lines.last.map { MerkleHash.leaf($0) }
      if digest == nil, files.count > 1 {
        digest = try folder.lines(of: files[files.count - 2]).lines.last.map { MerkleHash.leaf($0) }
      }
      state.mark = AuditMark(first: first, size: last + UInt64(lines.count), digest: digest ?? .emptyTree)
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

  private static func limiter(at now: Timestamp) -> LogLimiter {
    LogLimiter(burst: 20, intervalMilliseconds: 10_000, at: now.milliseconds)
  }

  /// What it holds.
  package var mark: AuditMark { state.withLock { $0.mark } }

  /// Writes one line and flushes it. Where the disk refuses, the node's log says so, and the next line how many are
  /// missing.
  package func append(_ event: AuditEvent, at now: Timestamp) {
    state.withLock { append(event, at: now, flushing: true, &$0) }
  }

  /// Notes that a link was refused: to `peer`, where its key is one's, else to a stranger.
  package func refused(_ link: RefusedLink, to peer: Registry.Peer?, at now: Timestamp) {
    state.withLock { state in
      let unwritten =
        peer.map { state.peers[$0.handle, default: Self.limiter(at: now)].admit(at: now.milliseconds) }
        ?? state.strangers.admit(at: now.milliseconds)
      guard let unwritten else { return }
      let who = peer.map { "\($0.handle)" } ?? "a stranger with the key \(Hex.encode(link.key.prefix(8)))…"
      let why = peer.map { "\(link.reason); the peer is \($0.state)" } ?? link.reason
      append(
        AuditEvent(
          .linkRefused, who: who, what: "a link of the kind \(link.kind.rawValue), \(link.address)", why: why,
          unwritten: unwritten), at: now, flushing: false, &state)
    }
  }

  private func append(_ event: AuditEvent, at now: Timestamp, flushing: Bool, _ state: inout State) {
    var event = event
    if state.lost > 0 { event.why += "\(event.why.isEmpty ? "" : "; ")\(state.lost) lines before it were not written" }
    let line = AuditLine(event, line: state.mark.size, at: now, after: state.mark.digest).bytes
    do throws(FileError) {
      try write(line + [UInt8(ascii: "\n")], flushing: flushing, &state)
      state.mark.size += 1
      state.mark.digest = .leaf(line)
      state.lost = 0
    } catch {
      if state.lost == 0 { logger.error("the audit log takes nothing", metadata: ["why": "\(error)"]) }
      state.lost += 1
    }
  }

  private func write(_ bytes: [UInt8], flushing: Bool, _ state: inout State) throws(FileError) {
    if let file = state.file, file.bytes > 0, file.bytes + bytes.count > fileBytesMax {
      close(file.descriptor)
      state.file = nil
    }
    if state.file == nil {
      state.file = (state.mark.size, 0, try folder.open(state.mark.size))
      dropOldest(&state)
    }
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
    guard !flushing || fsync(file.descriptor) == 0 else {
      let error = FileError(.flush, path: path, errorNumber: errno)
      _ = ftruncate(file.descriptor, off_t(file.bytes))
      throw error
    }
    state.file?.bytes += bytes.count
  }

  private func dropOldest(_ state: inout State) {
    let files = folder.files
    for file in files.dropLast(filesMax) { unlink(folder.file(file)) }
    state.mark.first = files.suffix(filesMax).first ?? 0
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

/// All of an audit log that is stopped.
package enum StoppedAuditLog {
  /// Throws what is wrong with the log in `folder`, where it is not the one of which `mark` speaks: ``AuditFault``, and
  /// `FileError` where it cannot be read.
  package static func check(_ path: String, against mark: AuditMark) throws {
    let folder = AuditFolder(path: path)
    let lines = try folder.files.flatMap { try folder.lines(of: $0).lines }
    try mark.check(lines, mayHaveRotated: lines.last.flatMap { AuditLine($0) }.map { $0.line >= mark.size } ?? false)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

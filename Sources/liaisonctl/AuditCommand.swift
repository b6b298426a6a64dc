internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Who did what to the node, when and why: decisions, refused ones too, starts, configuration, refused links.",
    discussion: """
      With --json each line is printed as the node keeps it. With --verify all of them are held against each other and \
      against the head of the trust log, which the node signs for it; exit status 65 names the first line that is wrong.

      Examples:
        liaisonctl audit --since 7d
        liaisonctl audit --event decision.refused
        liaisonctl audit --verify --last 0
      """)

  @OptionGroup var node: NodeOptions
  @Option(name: .long, help: ArgumentHelp("From when on.", valueName: "time|line")) var since: String?
  @Option(
    name: .long, help: ArgumentHelp("These events alone; the first part of a name is enough.", valueName: "event"))
  var event: String?
  @Option(name: .long, help: ArgumentHelp("The newest so many.", valueName: "count")) var last: Int?
  @Flag(name: .long, help: "Verify all of it.") var verify = false

  func run() async throws {
    if let last, last < 0 { throw CommandError(.usage, "--last takes a number") }
    let start = try since.map { try Trust.Diff.Start($0, at: .now) }
    let (lines, head) = try await node.auditLog(sealing: verify)
    var shown = lines.compactMap { bytes in AuditLine(bytes).map { ($0, bytes) } }
    if let start { shown = shown.filter { start.includes($0.0) } }
    if let event { shown = shown.filter { $0.0.event.rawValue.hasPrefix(event) } }
    if let last { shown = shown.suffix(last) }
    if node.output.json {
      for (_, bytes) in shown { node.output.line(String(decoding: bytes, as: UTF8.self)) }
    } else if !shown.isEmpty {
      let rows = shown.map { line, _ in
        [
          "\(line.line)", line.time, line.event.rawValue, line.who,
          line.what + (line.why.map { ": \($0)" } ?? "")
            + (line.unwritten.map { " (and \($0) more before it)" } ?? ""),
        ]
      }
      Terminal.write(Output.table([["LINE", "TIME", "EVENT", "WHO", "WHAT"]] + rows))
    }
    guard verify else { return }
    do {
      let log = try await node.trustLog().verified()
      // The log may have grown since the head was signed.
      guard let keys = log.registry.ownCard?.content.nodeKeys,
        let content = try? head.verified(byOneOf: keys).content,
        log.root(size: Int(clamping: content.size)) == content.root
      else { throw CommandError(.badData, "the head that speaks of the audit log is not that of the trust log") }
      try content.audit.check(lines)
    } catch let fault as AuditFault {
      throw CommandError(.badData, escaped(fault.sentence))
    } catch let fault as TrustLogFault {
      throw CommandError(fault)
    }
    node.output.explain("All \(lines.count) lines that are kept verify, and the trust log's head holds them.")
  }
}

extension NodeOptions {
  /// All of the audit log's lines that are kept, not verified, and the head of the trust log, which a `sealing` has the
  /// node sign anew.
  func auditLog(sealing: Bool) async throws -> (lines: [[UInt8]], head: Unverified<LogHead>) {
    var lines: [[UInt8]] = []
    var request = AdminAuditRequest()
    request.seal = sealing
    var head: Unverified<LogHead>?
    while true {
      guard case .audit(let page) = try await ask(.auditRequest(request)) else { throw CommandError.wrongAnswer }
      // The first page's, so that lines which are added meanwhile come after it.
      if head == nil { head = try? Unverified<LogHead>(tlsEncoded: Array(page.head)) }
      guard let head else { throw CommandError(.badData, "the log's head is malformed") }
      lines += page.lines.map { Array($0) }
      if page.lines.isEmpty { return (lines, head) }
      request.first = page.next
      request.seal = false
    }
  }
}

extension Trust.Diff.Start {
  func includes(_ line: AuditLine) -> Bool {
    switch self {
    case .entry(let first): line.line >= first
    case .time(let first): (try? Timestamp(rfc3339: line.time)).map { $0 >= first } ?? false
    }
  }
}

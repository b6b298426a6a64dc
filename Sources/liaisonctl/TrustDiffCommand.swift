internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

extension Trust {
  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say in words what is other than it was at some time.",
      discussion: """
        --since takes a time, a date, how long ago (7d), or the number of the first entry that counts. The log is \
        verified on the way.

        Examples:
          liaisonctl trust diff --since 7d
          liaisonctl trust diff --since 2026-11-01
        """)

    @OptionGroup var node: NodeOptions
    @Option(name: .long, help: ArgumentHelp("From when on.", valueName: "time|entry")) var since: String

    struct Line: Encodable {
      var subject: String
      var text: String
    }

    func run() async throws {
      let file = try await node.trustLog()
      let now = Timestamp.now
      let start = try Start(since, at: now)
      var log = TrustLog()
      var records: [LogRecord] = []
      for (index, entry) in file.entries.enumerated() {
        do { records.append(try log.append(entry)) } catch { throw CommandError(TrustLogFault.entry(index, error)) }
      }
      do { try log.check(file.head) } catch { throw CommandError(error) }
      let first = records.firstIndex { start.includes($0) } ?? records.count
      let before: Registry
      do { before = try TrustLog(entries: file.entries.prefix(first)).registry } catch { throw CommandError(error) }
      let changes = log.changes(since: before, after: records[first...], at: now)
      let lines = changes.map { Line(subject: $0.subject.rawValue, text: $0.text) }
      node.output.listing(lines, columns: ["WHAT", "CHANGE"], empty: "Nothing is other than it was.") {
        [$0.subject, $0.text]
      }
      if !node.output.json {
        node.output.explain(
          "\(records.count - first) of \(log.size) entries are from then on; liaisonctl trust log lists them.")
      }
    }
  }
}

extension Trust.Diff {
  /// From when on entries count.
  enum Start: Equatable {
    case entry(UInt64)
    case time(Timestamp)

    /// Reads what was typed.
    init(_ text: String, at now: Timestamp) throws(CommandError) {
      if let entry = UInt64(text) {
        self = .entry(entry)
      } else if let span = try? Span(text) {
        self = .time(now.subtracting(milliseconds: span.milliseconds))
      } else {
        do { self = .time(try Timestamp(rfc3339: text)) } catch {
          throw CommandError(
            .usage,
            "--since takes an entry's number, a length of time such as 7d, or a time such as 2026-11-22 or "
              + "2026-11-22T17:34:44Z")
        }
      }
    }

    func includes(_ record: LogRecord) -> Bool {
      switch self {
      case .entry(let first): record.sequence >= first
      case .time(let first): record.time >= first
      }
    }
  }
}

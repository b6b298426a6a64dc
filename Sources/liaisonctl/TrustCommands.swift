internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Trust: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The record of every decision about trust.",
    subcommands: [Log.self, Diff.self, Export.self, Verify.self, Restored.self])

  struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the trust log, oldest first.",
      discussion: """
        With --verify every signature, the order and completeness of the entries, and the head that the node signed are \
        checked here, without relying on the node; exit status 65 names the entry that is wrong.

        Example: liaisonctl trust log --verify
        """)

    @OptionGroup var node: NodeOptions
    @Flag(name: .long, help: "Verify all of it.") var verify = false

    struct Line: Encodable {
      var sequence: UInt64
      var time: String
      var signedBy: String
      var key: String
      var summary: String
    }

    func run() async throws {
      let file = try await node.trustLog()
      var log = TrustLog()
      var lines: [Line] = []
      for (index, entry) in file.entries.enumerated() {
        do { lines.append(Line(try log.append(entry))) } catch {
          throw CommandError(TrustLogFault.entry(index, error))
        }
      }
      if verify {
        do { try log.check(file.head) } catch { throw CommandError(error) }
      }
      node.output.listing(lines, columns: ["ENTRY", "TIME", "SIGNED BY", "WHAT"], empty: "The log is empty.") {
        ["\($0.sequence)", $0.time, $0.signedBy, $0.summary]
      }
      if verify { node.output.explain("All \(log.size) entries verify; the root is \(log.root).") }
    }
  }
}

extension NodeOptions {
  /// All of the node's trust log, not verified: page by page, and the head of the last.
  func trustLog() async throws -> TrustLogFile {
    var entries: [[UInt8]] = []
    while true {
      var request = AdminLogRequest()
      request.first = UInt64(entries.count)
      guard case .log(let page) = try await ask(.logRequest(request)) else { throw CommandError.wrongAnswer }
      entries += page.entries.map { Array($0) }
      if UInt64(entries.count) >= page.size {
        guard let head = try? Unverified<LogHead>(tlsEncoded: Array(page.head)) else {
          throw CommandError(.badData, "the log's head is malformed")
        }
        return TrustLogFile(head: head, entries: entries)
      }
      guard !page.entries.isEmpty else { throw CommandError(.badData, "the node does not give all of its log") }
    }
  }
}

extension CommandError {
  /// What is wrong with a log.
  init(_ fault: TrustLogFault) { self.init(.badData, escaped(fault.sentence)) }
}

extension Trust.Log.Line {
  init(_ record: LogRecord) {
    let (name, key): (String, String) =
      switch record.author {
      case .administrator(let administrator): (administrator.name, administrator.key.description)
      case .node(let key): ("this node", key.description)
      case .root(let key): ("the root key", key.description)
      }
    self.init(
      sequence: record.sequence, time: record.time.rfc3339, signedBy: name, key: key, summary: record.summary)
  }
}

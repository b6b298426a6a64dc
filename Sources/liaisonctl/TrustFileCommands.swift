internal import ArgumentParser
internal import CommandKit
internal import FoundationEssentials
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

extension Trust {
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write all of the trust log to a file, which anybody can verify without the node.",
      discussion: "It says nothing of members.\n\nExample: liaisonctl trust export -o xa.trustlog")

    @OptionGroup var node: NodeOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("The file; one that is there is replaced.", valueName: "file"))
    var output: String

    func run() async throws {
      let file = try await node.trustLog()
      let log: TrustLog
      do { log = try file.verified() } catch { throw CommandError(error) }
      try AtomicFile.write(file.bytes, to: output, mode: 0o644)
      if node.output.json {
        node.output.line(Output.jsonLine(Verify.Line(file, log)))
      } else {
        node.output.explain("\(escaped(output)): \(log.size) entries, root \(log.root)")
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify an exported trust log. Needs neither node nor network.",
      discussion: """
        Every signature, the order and completeness of the entries, and the head that the node signed are checked; exit \
        status 65 names what is wrong. That the log is a country's own, --fingerprint says, or compare the one that is \
        shown. --continues finds whether entries of an older export are missing or were changed since.

        Examples:
          liaisonctl trust verify xa.trustlog --fingerprint 'kidab-luzof-…'
          liaisonctl trust verify xa.trustlog --continues xa-last-year.trustlog
        """)

    @OptionGroup var outputOptions: OutputOptions
    @Argument(help: "A file that liaisonctl trust export wrote.") var file: String
    @Option(
      name: .long, help: ArgumentHelp("The country's root key's, in words or hexadecimal.", valueName: "text"))
    var fingerprint: String?
    @Option(name: .long, help: ArgumentHelp("An older export of the same log.", valueName: "file"))
    var continues: String?

    struct Line: Encodable {
      var handle: String
      var entries: Int
      var root: String
      var signedAt: String
      var fingerprint: String

      init(_ file: TrustLogFile, _ log: TrustLog) {
        let own = log.registry.ownCard?.content
        handle = own?.handle.description ?? ""
        entries = log.size
        root = log.root.description
        signedAt = ((try? file.head.claim())?.signedAt ?? Timestamp(milliseconds: 0)).rfc3339
        fingerprint = own?.fingerprint.description ?? ""
      }
    }

    func run() async throws {
      let (read, log) = try Self.verified(file)
      if let fingerprint, log.registry.ownCard?.content.fingerprint.matches(fingerprint) != true {
        throw CommandError(.notPermitted, "the fingerprint is not that of this log's root key")
      }
      if let continues {
        let (_, older) = try Self.verified(continues)
        do { try log.checkContinues(older) } catch { throw CommandError(error) }
      }
      let line = Line(read, log)
      let also = continues.map { ", and continues \(escaped($0))" } ?? ""
      outputOptions.output.result(
        line,
        "the trust log of \(line.handle): all \(line.entries) entries verify\(also)\n"
          + Output.table([
            ["root", line.root], ["signed", line.signedAt], ["fingerprint", line.fingerprint],
          ]).dropLast())
    }

    private static func verified(_ path: String) throws(CommandError) -> (TrustLogFile, TrustLog) {
      let data: Data
      do { data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe) } catch {
        throw CommandError(.noInput, "cannot read \(escaped(path))")
      }
      do throws(TrustLogFault) {
        let file = try TrustLogFile(bytes: Array(data))
        return (file, try file.verified())
      } catch { throw CommandError(.badData, "\(escaped(path)): \(escaped(error.sentence))") }
    }
  }
}

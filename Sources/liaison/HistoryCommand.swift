internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Take what one machine of yours has to another.",
    discussion: """
      A machine has what was written since it joined. What was before comes from an older one, if you want it: in a file \
      that only a code opens. Carry the two by different ways.
      """,
    subcommands: [Export.self, Import.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write this machine's history to a new file, and print the code that opens it.",
      discussion: "Example:\n  liaison history export ana.history")

    @Argument(help: "The file to make.") var file: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let entries: Int
      let code: String
    }

    func run() async throws {
      let engine = try profile.open()
      let (code, count) = try engine.exportHistory(to: file, now: .now)
      format.output.result(Result(entries: count, code: code), code)
      format.output.explain(
        "\(count) entries; the code is a secret. On the other machine: liaison history import FILE CODE")
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take the history that another machine of yours wrote to a file.",
      discussion: "Example:\n  liaison history import ana.history liaison-history:…")

    @Argument(help: "The file.") var file: String
    @Argument(help: "The code that the other machine printed; - reads it from standard input.") var code: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let entries: Int
    }

    func run() async throws {
      let engine = try profile.open()
      try await refresh(engine, format.output)
      let count = try engine.importHistory(from: file, code: code == "-" ? readLine() ?? "" : code, now: .now)
      format.output.result(Result(entries: count), "\(count) entries are new here")
    }
  }
}

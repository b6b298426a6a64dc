internal import ArgumentParser
internal import CommandKit

@main
struct Liaisond: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liaisond",
    abstract: "A country's node: carries, orders, stores and proves what it cannot read.",
    discussion: """
      A node's files are in one folder, its home: --home DIR or LIAISON_HOME.

      Examples:
        liaisond init --home /var/lib/liaison --handle xa --country XA --name Averland \\
          --listen 0.0.0.0:7400 --advertise liaison.example.org:7400
        liaisond check --home /var/lib/liaison
        liaisond run --home /var/lib/liaison
      """,
    version: releaseVersion,
    subcommands: [Initialise.self, Run.self, Check.self, Backup.self, Root.self, ReplaceKey.self, Recover.self])

  static func main() async { await runCommand(Self.self) }
}

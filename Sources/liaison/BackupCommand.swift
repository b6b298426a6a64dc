internal import ArgumentParser
package import CommandKit
package import LiaisonBackup
internal import LiaisonClient
internal import LiaisonModel
internal import Sodium

extension BackupError: CommandErrorConvertible {
  package var commandError: CommandError { CommandError(.badData, sentence) }
}

struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Back up this machine's profile, verify a backup, or restore one.",
    discussion: """
      A backup holds history, contacts and who this machine is, encrypted and signed. It holds no key of a room: a machine \
      that is restored comes into its rooms with fresh keys, and what others wrote since the backup is not in it.
      """,
    subcommands: [Create.self, Verify.self, Restore.self], defaultSubcommand: Create.self)

  /// A backup, for people and for programs.
  struct Result: Encodable {
    let address: String
    let madeAt: String
    let bytes: UInt64
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a backup to a new file; other commands may run meanwhile.",
      discussion: """
        It opens with the profile's passphrase. A profile without one needs a passphrase for the backup.

        Example:
          liaison backup /media/safe/ana.backup
        """)

    @Argument(help: "The file to make.") var file: String
    @OptionGroup var home: HomeOptions
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let folder = try ProfileOptions.folder(home)
      let needsOne = try Profile.needsPassphrase(at: folder)
      let secret = try Passphrase.obtain(
        file: passphrase.passphraseFile, prompt: needsOne ? "Passphrase: " : "New passphrase for the backup: ",
        confirming: !needsOne)
      let engine = try Profile.open(at: folder, passphrase: needsOne ? secret : nil)
      let now = Timestamp.now
      try Profile.backUp(folder, engine, to: file, passphrase: secret, now: now)
      let contents = try Profile.verifyBackup(at: file, passphrase: secret)
      format.output.result(
        Result(address: contents.owner, madeAt: contents.madeAt.rfc3339, bytes: contents.size),
        "backup of \(contents.owner), \(ByteCount(contents.size)), written and verified")
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify a backup as a whole.", discussion: "Example:\n  liaison backup verify ana.backup")

    @Argument(help: "The backup.") var file: String
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let secret = try Passphrase.obtain(file: passphrase.passphraseFile, prompt: "Passphrase of the backup: ")
      let contents = try Profile.verifyBackup(at: file, passphrase: secret)
      format.output.result(
        Result(address: contents.owner, madeAt: contents.madeAt.rfc3339, bytes: contents.size),
        "backup of \(contents.owner), made \(contents.madeAt.shown), \(ByteCount(contents.size)): whole, and signed by its machine"
      )
    }
  }

  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a profile from a backup.",
      discussion: """
        The folder must not be there yet. The machine that the backup is of must not be used any more: the restored one \
        takes its place in every room, and the others see that it came back.

        Example:
          liaison backup restore ana.backup
        """)

    @Argument(help: "The backup.") var file: String
    @OptionGroup var home: HomeOptions
    @OptionGroup var passphrase: PassphraseOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let output = format.output
      let folder = try ProfileOptions.folder(home)
      let secret = try Passphrase.obtain(file: passphrase.passphraseFile, prompt: "Passphrase of the backup: ")
      let (engine, madeAt) = try Profile.restore(file, to: folder, passphrase: secret, now: .now)
      output.explain(
        "restored as of \(madeAt.shown); what others wrote since is not here, and this machine comes into its rooms with fresh keys"
      )
      try await refresh(engine, output) { client in
        _ = try await client.wait(milliseconds: Patience.workMilliseconds) {
          try engine.hasKeyPackagesAtNode && engine.isSettled
        }
      }
      let rooms = try engine.rooms()
      let back = rooms.count { $0.state == .active }
      let address = try engine.identity.address
      output.result(
        Result(address: address.description, madeAt: madeAt.rfc3339, bytes: 0),
        "\(address) is back in \(back) of \(rooms.count) room\(rooms.count == 1 ? "" : "s")")
    }
  }
}

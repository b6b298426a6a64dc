internal import ArgumentParser
internal import CommandKit

@main
struct Liaisonctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liaisonctl",
    abstract: "Administers a node: whom it trusts, who its members are, what waits.",
    discussion: """
      It asks the node that runs on a home (--home DIR or LIAISON_HOME) over a socket in that folder. Whatever \
      changes something is shown and then signed with the administrator's own key, in the folder that --profile or \
      LIAISON_PROFILE names; otherwise with the first owner's, which liaisond init made in the home. Its passphrase is \
      asked for, or comes from --passphrase-file or LIAISON_PASSPHRASE_FILE.

      Two countries that begin to trust one another, each on its own side:
        liaisonctl card export -o xa.card          send it to the other country
        liaisonctl peer add xb.card                what came from there
        liaisonctl peer verify xb                  with their administrator on the telephone
        liaisonctl peer activate xb
      A professional joins:
        liaisonctl member invite nino.beridze@xa --name 'Nino Beridze' --discipline cyber
      """,
    version: releaseVersion,
    subcommands: [
      Status.self, Card.self, Peer.self, CharterCommand.self, Member.self, DutyCommand.self, ComCheckCommand.self,
      Queue.self, Bundle.self, Admin.self, ProposalCommand.self, PolicyCommand.self, Trust.self, DirectoryCommand.self,
      Audit.self, Metrics.self,
    ])

  static func main() async { await runCommand(Self.self) }
}

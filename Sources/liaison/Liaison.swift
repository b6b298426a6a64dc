internal import ArgumentParser
internal import CommandKit

/// A professional's terminal client.
struct Liaison: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "liaison",
    abstract: "Exchange confidential messages and documents with colleagues in other countries.",
    discussion: """
      Your keys stay on this machine; your country's node carries, orders and stores what it cannot read. Liaison does \
      not replace official alert systems.

      Examples:
        liaison join liaison-invitation:…
        liaison send ana@xa -m "Call me" --tlp amber
        liaison inbox --watch
        liaison share "Field team" plan.pdf --tlp green
      """,
    version: releaseVersion,
    subcommands: [
      Join.self, Contacts.self, ProfileCommand.self, VouchCommand.self, Verify.self, Send.self, Inbox.self, Show.self,
      Acknowledge.self, Deadline.self, Status.self, DutyCommand.self, ReceiptCommand.self, RoomCommand.self,
      DeviceCommand.self, BackupCommand.self, HistoryCommand.self,
      Share.self, Documents.self, Fetch.self,
      NodeCardCommand.self, DirectoryCommand.self,
    ])
}

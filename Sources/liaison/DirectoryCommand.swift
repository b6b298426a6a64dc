internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct DirectoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory",
    abstract: "What is wrong with directories: a machine of yours that you did not add, a country that showed two.",
    discussion: """
      This machine reads your node's whole directory, so that no machine is added to your name unnoticed, and holds what \
      countries show you against what they have shown before and to others.

      Examples:
        liaison directory
        liaison directory evidence xb -o xb.evidence
        liaison directory verify xb.evidence --card xb.card
      """,
    subcommands: [List.self, Evidence.self, Verify.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List countries' directories as this machine has seen them, and what is wrong.")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Line: Encodable {
      let country: String
      let entries: UInt64?
      let root: String?
      let signedAt: String?
      let alarms: [AlarmObject]
    }

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      try await refresh(engine, output)
      let alarms = try engine.directoryAlarms(now: .now)
      let own = try engine.identity.address.handle
      let lines = try engine.directoryStates.map { state in
        Line(
          country: state.handle.description, entries: state.head?.size, root: state.head.map { Hex.encode($0.root) },
          signedAt: state.head?.signedAt.rfc3339,
          alarms: alarms.filter { $0.country(own: own) == state.handle }.map(AlarmObject.init))
      }
      output.listing(lines, columns: ["COUNTRY", "ENTRIES", "SIGNED", "ROOT", ""], empty: "nothing was seen yet") {
        [
          $0.country, $0.entries.map(String.init) ?? "-", $0.signedAt ?? "-", $0.root ?? "-",
          $0.alarms.contains { $0.kind != "notice" } ? "ALARM" : $0.alarms.isEmpty ? "" : "NOTICE",
        ]
      }
      for case .notice(let handle, let text, let at) in alarms where !output.json {
        output.explain("notice: \(escaped(text)), since \(at.shown); ask \(handle) over another channel")
      }
    }
  }

  struct Evidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what proves that a country showed two directories, or write it to a file.",
      discussion: "Example: liaison directory evidence xb -o xb.evidence")

    @Argument(help: "The country's handle.") var country: String
    @Option(
      name: [.customShort("o"), .long],
      help: ArgumentHelp("The file to write the first of it to, which anybody can verify.", valueName: "file"),
      completion: .file())
    var output: String?
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let handle = try CommandError.typed { [country] () throws(ModelError) in try Handle(country) }
      let found = try engine.directoryStates.first { $0.handle == handle }
      guard let evidence = found?.evidence, !evidence.isEmpty, let card = try engine.nodeCard(of: handle) else {
        throw CommandError(.noInput, "there is no evidence against \(handle) here")
      }
      if let output { try EvidenceFile.write(Armor.encode(evidence[0]), to: output) }
      for evidence in evidence {
        guard let line = try? EvidenceFile.Line(evidence, of: card) else { continue }
        format.output.result(line, line.text)
      }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify evidence that somebody gave you, by the root key of the country that it is against.",
      discussion: """
        Needs no node, no network and no profile, and trusts nobody but the root key on the card, which may be any card of \
        that country: take it from the country's contact point, and compare the fingerprint, which is shown.

        Example: liaison directory verify xb.evidence --card xb.card
        """)

    @Argument(help: "The evidence.", completion: .file()) var file: String
    @Option(
      name: .long, help: ArgumentHelp("A card of the country that it is against.", valueName: "file"),
      completion: .file())
    var card: String

    // Taken as everywhere; nothing is read there.
    @OptionGroup(visibility: .hidden) var home: HomeOptions
    @OptionGroup var format: OutputOptions

    func run() throws {
      let line = try EvidenceFile.verify(file, card: card)
      format.output.result(line, line.text)
    }
  }
}

/// An alarm as a JSON object.
struct AlarmObject: Encodable {
  let kind: String
  let text: String

  init(_ alarm: DirectoryAlarm) {
    kind = alarm.kind
    text = alarm.sentence
  }
}

extension DirectoryAlarm {
  /// The country that it is about.
  func country(own: Handle) -> Handle {
    switch self {
    case .unknownDevice, .removedDevice, .ownNode: own
    case .twoDirectories(let handle, _), .fault(let handle, _, _), .notice(let handle, _, _): handle
    }
  }

  /// What it is and what to do, for a person.
  var sentence: String {
    switch self {
    case .unknownDevice(let device, let since):
      "since \(since.shown) your node says that the machine \(device.description.prefix(8)) is yours, which none of your "
        + "machines brought in: whoever has it may read what is sent to you. If it is yours, liaison device accept "
        + "\(device.description.prefix(8)); if not, liaison device remove \(device.description.prefix(8)), and ask your "
        + "contact point"
    case .removedDevice(let device, let since):
      "since \(since.shown) your node says that the machine \(device.description.prefix(8)) is yours, which was removed: whoever "
        + "has it may read what is sent to you. Remove it again with liaison device remove \(device.description.prefix(8)), and "
        + "ask your contact point; if it is yours after all, liaison device accept \(device.description.prefix(8))"
    case .ownNode(let fault):
      "\(escaped(fault)): ask your contact point, and tell your correspondents over another channel"
    case .twoDirectories(let handle, _):
      "\(handle) is proven to have shown two directories of its members; compare safety numbers before you rely on keys "
        + "from there: liaison directory evidence \(handle)"
    case .fault(_, let fault, let at), .notice(_, let fault, let at): "\(escaped(fault)), since \(at.shown)"
    }
  }
}

/// Tells a person what is wrong with directories, every time until it is settled, but for what they were told already. Gives
/// all of it.
@discardableResult
func warnOfDirectories(
  _ engine: Engine, _ output: Output, besides told: [DirectoryAlarm] = []
) throws -> [DirectoryAlarm] {
  let alarms = try engine.directoryAlarms(now: .now)
  for alarm in alarms where !told.contains(alarm) {
    // What may be in order is told where somebody asks: liaison directory.
    if case .notice = alarm { continue }
    output.explain("ALARM: \(alarm.sentence)")
  }
  return alarms
}

internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct Share: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Share a document with a room.",
    discussion: """
      Encrypts the file on this machine and gives it to your node; an interrupted share goes on where it stopped. Prints \
      the document's identifier.

      Example:
        liaison share "Field team" plan.pdf --tlp green
      """)

  @Argument(help: "A room's title or identifier, or an address.") var room: String
  @Argument(help: "The file.", completion: .file()) var file: String
  @Option(help: "The title; the file's name otherwise.") var title: String?
  @Option(help: ArgumentHelp("red, amber+strict, amber, green or clear.", valueName: "label")) var tlp: String?
  @Option(help: "routine, priority, immediate or flash.") var precedence = "routine"

  @OptionGroup var keys: ChangedKeysOptions
  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    guard let marking = try Marking.typed(tlp) else {
      throw CommandError(
        .notPermitted, "a document without a marking is not shared; say --tlp red, amber+strict, amber, green or clear")
    }
    let precedence = try Precedence.typed(precedence)
    let engine = try profile.open()
    let output = format.output
    let (name, path) = (room, file)
    let title = title ?? String(path.split(separator: "/").last ?? "document")
    let keys = keys
    try await deliver(engine, output, offline: Self.refuse) { client in
      let room = try await roomToShareWith(name, engine, output, client)
      let share = try DocumentShare(engine: engine, room: room, path: path, asksAboutKeys: !keys.changedKeys)
      let progress = Progress(total: share.size)
      defer { progress.end() }
      let message = try await BulkLink.with(engine) { link in
        try await share.run(
          over: link, title: title, marking: marking, precedence: precedence, now: { .now },
          progress: { progress.show($0) })
      }
      return SentMessage(message: message, room: room)
    }
  }

  private static func refuse(_ reason: ClientError) throws -> SentMessage {
    throw CommandError(reason.commandError.status, "\(escaped(reason.sentence)); nothing was announced")
  }

  /// The room; one that has just been made is waited for, since chunks belong to a room that the node knows.
  private func roomToShareWith(
    _ name: String, _ engine: Engine, _ output: Output, _ client: NodeClient
  ) async throws -> RoomIdentifier {
    switch try Target([name], engine) {
    case .room(let room):
      try await client.renewCards(of: room.members, engine)
      try engine.requireDecision(on: engine.room(named: room.identifier.description).members, keys, output)
      return room.identifier
    case .people(let addresses):
      try await client.require(addresses, engine, output)
      try engine.requireDecision(on: addresses, keys, output)
      let request = try engine.roomOf(addresses, now: .now)
      let isReady = try await client.wait(milliseconds: Patience.workMilliseconds) {
        if case .waiting = try engine.progress(of: request) { false } else { true }
      }
      guard isReady else { throw CommandError(.unavailable, "\(name) cannot be added to a room now") }
      if case .failed(let reason) = try engine.progress(of: request) {
        throw CommandError(.notPermitted, "\(name) cannot be added to a room: \(escaped(reason))")
      }
      return request.room
    }
  }
}

struct Documents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List a room's documents.")

  @Argument(help: "The room.") var room: String
  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct DocumentObject: Encodable {
    let document: String
    let title: String
    let size: UInt64
    let sender: String
    /// Whether the sender's keys are not those that the reader confirmed.
    let senderKeysChanged: Bool
    let sentAt: String
    let marking: String

    init?(_ entry: HistoryEntry, _ marks: KeyMarks) throws {
      guard let content = entry.message, case .document(let reference) = content.body else { return nil }
      document = entry.identifier.description
      title = reference.title
      size = reference.size
      sender = entry.sender?.description ?? ""
      senderKeysChanged = try entry.sender.map(marks.hasChanged) ?? false
      sentAt = content.sentAt.rfc3339
      marking = content.marking.description
    }
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    try await refresh(engine, output)
    let entries = try engine.documents(of: engine.room(named: room).identifier)
    let marks = KeyMarks(engine)
    output.listing(
      try entries.compactMap { try DocumentObject($0, marks) },
      columns: ["DOCUMENT", "TITLE", "SIZE", "FROM", "MARKING", "SENT"], empty: "no documents yet"
    ) {
      [
        String($0.document.prefix(8)), $0.title, ByteCount($0.size).description,
        $0.sender + ($0.senderKeysChanged ? " (KEYS CHANGED)" : ""), $0.marking, $0.sentAt,
      ]
    }
  }
}

struct Fetch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fetch a document.",
    discussion: """
      Writes to PATH.part, and to PATH once everything has been verified; an interrupted fetch goes on where it stopped.

      Example:
        liaison fetch 4f3a -o plan.pdf
      """)

  @Argument(help: "The document's identifier, or the digits that only it begins with.") var document: String
  @Option(
    name: [.customShort("o"), .long], help: "Where to; the document's title in this folder otherwise.",
    completion: .file())
  var output: String?
  @Flag(help: "Replace a file that has this name.") var force = false

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    let document: String
    let path: String
    let size: UInt64
    let sha256: String
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    try await refresh(engine, output)
    let entry = try engine.message(named: document)
    guard case .document(let reference)? = entry.message?.body else {
      throw CommandError(.usage, "this message holds no document")
    }
    let path = self.output ?? Self.fileName(reference.title)
    let fetch = try DocumentFetch(entry, to: path, replacing: force)
    let progress = Progress(total: fetch.size)
    defer { progress.end() }
    let digest = try await BulkLink.with(engine) { link in
      try await fetch.run(over: link, progress: { progress.show($0) })
    }
    progress.end()
    output.result(
      Result(document: entry.identifier.description, path: path, size: fetch.size, sha256: Hex.encode(digest)),
      "\(escaped(path))  \(ByteCount(fetch.size))  SHA-256 \(Hex.encode(digest))")
  }

  /// A title, made into the name of a file in this folder: its sender chose it, and may be hostile.
  static func fileName(_ title: String) -> String {
    var name = escaped(title).replacing("/", with: "_").replacing("\\", with: "_")
    while name.hasPrefix(".") { name.removeFirst() }
    while name.utf8.count > 200 { name.removeLast() }
    return name.isEmpty ? "document" : name
  }
}

internal import ArgumentParser
internal import CommandKit
internal import FoundationEssentials
internal import LiaisonAdmin
internal import LiaisonModel
internal import Sodium

struct Bundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits for a peer, carried by hand: where there is no link, or never was.",
    discussion: """
      A bundle is a file that only the other node can open. It holds what waits for that node, and the receipts for what \
      came from it. Nothing is taken off the queue before the peer's receipts are back, by bundle or by link, so a bundle \
      that is lost, repeated, late or carried twice does no harm.

      Two countries without any link, once each is an active peer of the other: each exports a bundle for the other and \
      imports what it gets, as often as they like. The first ones hold only keys.
        liaisonctl bundle export xb -o /media/for-xb
        liaisonctl bundle import /media/from-xb
      """, subcommands: [Export.self, Import.self, Show.self])

  /// What is in a bundle, or came of it, for programs.
  struct Counts: Encodable {
    var messages: UInt64
    var repeated: UInt64?
    var held: UInt64?
    var refused: UInt64?
    var receipts: UInt64
    var undeliverable: UInt64
    var questions: UInt64
    var answers: UInt64
    var chunks: UInt64
    var chunksRepeated: UInt64?
    var chunksRefused: UInt64?

    init(_ counts: AdminBundleCounts, isMade: Bool) {
      messages = counts.messages
      repeated = isMade ? nil : counts.repeated
      held = isMade ? nil : counts.held
      refused = isMade ? nil : counts.refused
      receipts = counts.receipts
      undeliverable = counts.undeliverable
      questions = counts.questions
      answers = counts.answers
      chunks = counts.chunks
      chunksRepeated = isMade ? nil : counts.chunksRepeated
      chunksRefused = isMade ? nil : counts.chunksRefused
    }
  }

  /// `one message, 3 receipts` of what is not zero.
  static func list(_ counts: [(number: UInt64, one: String, many: String)]) -> String {
    let named = counts.filter { $0.number > 0 }.map { $0.number == 1 ? "1 \($0.one)" : "\($0.number) \($0.many)" }
    return named.isEmpty ? "nothing" : named.joined(separator: ", ")
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write what waits for a peer to a file that only that peer's node can open.",
      discussion: """
        Everything that waits is written, also what is in an earlier bundle, until receipts come back. With --max-size \
        as many files are written as are needed, FILE, FILE.2, FILE.3 and so on; each can be imported by itself, in any \
        order.

        Examples:
          liaisonctl bundle export xb -o /media/for-xb
          liaisonctl bundle export xb -o /media/for-xb --documents --max-size 4G
        """)

    @OptionGroup var node: NodeOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument
    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file")) var output: String
    @Flag(help: "Take along the documents of the rooms that both nodes are in.") var documents = false
    @Option(help: ArgumentHelp("Begin another file before one grows larger: 16M at least.", valueName: "size"))
    var maxSize: SizeArgument?

    struct Line: Encodable {
      var peer: String
      var files: [String]
      var bytes: UInt64
      var greeting: Bool
      var contents: Counts
    }

    func run() async throws {
      let peer = handle.handle
      var request = AdminBundleExport()
      request.peer = peer.description
      request.documents = documents
      request.sizeMax = maxSize?.bytes ?? 0
      guard case .bundleStarted(let number) = try await node.ask(.bundleExportRequest(request)) else {
        throw CommandError.wrongAnswer
      }
      var files: [String] = []
      var bytes: UInt64 = 0
      while true {
        let path = files.isEmpty ? output : "\(output).\(files.count + 1)"
        let writer = try AtomicFileWriter(path)
        var part = AdminBundlePart()
        repeat {
          guard case .bundlePart(let next) = try await node.ask(.bundlePartRequest(number)) else {
            throw CommandError.wrongAnswer
          }
          part = next
          try writer.write(Array(part.bytes))
          bytes += UInt64(part.bytes.count)
        } while !part.fileEnds
        try writer.commit()
        files.append(path)
        if part.moreFiles { continue }
        return say(
          part,
          Line(
            peer: peer.description, files: files, bytes: bytes, greeting: part.greeting,
            contents: Counts(part.counts, isMade: true)))
      }
    }

    private func say(_ part: AdminBundlePart, _ line: Line) {
      let contents = Bundle.list([
        (part.counts.messages, "message", "messages"), (part.counts.receipts, "receipt", "receipts"),
        (part.counts.undeliverable, "refusal", "refusals"), (part.counts.questions, "question", "questions"),
        (part.counts.answers, "answer", "answers"), (part.counts.chunks, "chunk of a document", "chunks of documents"),
      ])
      let files = line.files.count == 1 ? "" : " in \(line.files.count) files"
      node.output.result(line, "for \(line.peer): \(part.greeting ? "this node's card and key" : contents)\(files)")
      if part.greeting {
        node.output.explain(
          "The key of \(line.peer) is not known here yet: have this imported there and a bundle for this node exported, and "
            + "import that; then export again.")
      }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take in a bundle that a peer made for this node.",
      discussion: """
        It goes the same way as what comes on the link. What came before, by a link or in another bundle, is not taken \
        twice. The receipts go back with the next bundle, or on the link.

        Example: liaisonctl bundle import /media/from-xb
        """)

    @OptionGroup var node: NodeOptions
    @Argument(help: "The file.") var file: String

    struct Line: Encodable {
      var peer: String
      var contents: Counts
      var remarks: [String]
    }

    func run() async throws {
      // A file that is cut off or damaged is found before anything of it is taken.
      _ = try BundleFile.inspect(file)
      let bundle = try BundleFile(file)
      var taken = try await take(.head(Data(bundle.headBytes)), of: 0)
      let number = taken.number
      var isWhole = false
      while !isWhole {
        switch try bundle.next() {
        case .segment(let segment): taken = try await take(.segment(Data(segment)), of: number)
        case .end(let end):
          taken = try await take(.end(Data(end)), of: number)
          isWhole = true
        }
      }
      let counts = taken.counts
      let line = Line(peer: taken.peer, contents: Counts(counts, isMade: false), remarks: taken.remarks)
      let contents = Bundle.list([
        (counts.messages, "new message", "new messages"), (counts.receipts, "receipt", "receipts"),
        (counts.undeliverable, "message refused there", "messages refused there"),
        (counts.questions, "question", "questions"), (counts.answers, "answer", "answers"),
        (counts.chunks, "chunk of a document", "chunks of documents"),
      ])
      let known = Bundle.list([
        (counts.repeated, "message", "messages"), (counts.old, "other thing", "other things"),
        (counts.chunksRepeated, "chunk of a document", "chunks of documents"),
      ])
      node.output.result(
        line, "from \(line.peer): \(contents)\(known == "nothing" ? "" : "; known already: \(known)")")
      if node.output.json { return }
      for remark in taken.remarks { node.output.explain(escaped(remark)) }
      if counts.refused > 0 { node.output.explain("\(counts.refused) refused: \(escaped(counts.refusal))") }
      if counts.held > 0 { node.output.explain("\(counts.held) of them wait for their room") }
      if counts.chunksRefused > 0 {
        node.output.explain("\(counts.chunksRefused) chunks of documents are of no room that both nodes are in")
      }
    }

    private func take(_ part: AdminBundleImport.OneOf_Part, of number: UInt64) async throws -> AdminBundleTaken {
      var request = AdminBundleImport()
      request.number = number
      request.part = part
      guard case .bundleTaken(let taken) = try await node.ask(.bundleImportRequest(request)) else {
        throw CommandError.wrongAnswer
      }
      return taken
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what can be known of a bundle without any key, and whether it is whole.",
      discussion: "No node is needed.\n\nExample: liaisonctl bundle show /media/from-xb")

    @OptionGroup var outputOptions: OutputOptions
    @Argument(help: "The file.") var file: String

    struct Line: Encodable {
      var bundle: String
      var from: String
      var fingerprint: String
      var to: String
      var madeAt: String
      /// SHA-256 of the key that it is sealed to.
      var sealedTo: String?
      var segments: Int
      var sealedBytes: UInt64
    }

    func run() async throws {
      let inspection = try BundleFile.inspect(file)
      let header = inspection.header
      let line = Line(
        bundle: header.bundle.description, from: header.from.description,
        fingerprint: inspection.card.fingerprint.description, to: header.to.description,
        madeAt: header.madeAt.rfc3339, sealedTo: header.isSealed ? Hex.encode(header.sealedTo) : nil,
        segments: inspection.segments, sealedBytes: inspection.sealedBytes)
      let sealed =
        line.sealedTo.map { "\(line.sealedBytes) bytes in \(line.segments) segments, to the key \($0.prefix(16))" }
        ?? "nothing: it holds only the card and the key of \(line.from)"
      outputOptions.output.result(
        line,
        Output.table([
          ["bundle", line.bundle], ["from", line.from], ["", line.fingerprint], ["to", line.to],
          ["made", header.madeAt.shown], ["sealed", sealed],
          ["signed", "by the node of that fingerprint; nothing is missing or changed"],
        ]).dropLast().description)
    }
  }
}

/// A number of bytes as an argument: 64M, 4G.
struct SizeArgument: ExpressibleByArgument {
  let bytes: UInt64

  init?(argument: String) {
    let units: [String: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let unit = argument.last.flatMap { units[$0.uppercased()] }
    guard let count = UInt64(unit == nil ? argument : String(argument.dropLast())), count > 0,
      count <= UInt64(1) << (62 - (unit ?? 0))
    else { return nil }
    bytes = count << (unit ?? 0)
  }
}

internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import Sodium

struct ReceiptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receipt", abstract: "Take the proof of a message's delivery along, and verify one.",
    discussion: """
      Examples:
        liaison receipt 4f3a -o gate-report.receipt
        liaison receipt verify gate-report.receipt --card xb.card
      """,
    subcommands: [Export.self, Verify.self], defaultSubcommand: Export.self)

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the receipts of a message that you sent to a file.",
      discussion: """
        The file shows the message's identifier, the SHA-256 of its envelope, which nodes hold it and since when. It shows \
        nothing of what the message says, or of whom it is for.

        Examples:
          liaison receipt 4f3a -o gate-report.receipt
          liaison receipt 4f3a -o gate-report.receipt --node xb
        """)

    @Argument(help: "The message's identifier, or the digits that only it begins with.") var message: String
    @Option(
      name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"),
      completion: .file())
    var output: String
    @Option(help: ArgumentHelp("Only the receipt of this node.", valueName: "handle")) var node: String?

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let message: String
      let file: String
      let nodes: [String]
      let missing: [String]
    }

    func run() async throws {
      let node = try node.map { text in try CommandError.typed { () throws(ModelError) in try Handle(text) } }
      let engine = try profile.open()
      let format = format.output
      // A receipt of a moment ago is part of the answer.
      try await refresh(engine, format)
      let message = try engine.message(named: message).identifier
      let (receipts, missing) = try engine.receipts(for: message, of: node)
      try write(receipts)
      let result = Result(
        message: message.description, file: output,
        nodes: try receipts.claimedHolders().map(\.description), missing: missing.map(\.description))
      let names = result.nodes.joined(separator: ", ")
      format.result(result, "\(escaped(output)): \(result.nodes.count == 1 ? "receipt" : "receipts") of \(names)")
      for handle in missing { format.explain("\(handle) has given no receipt for it yet") }
    }

    /// Writes the file, which proves something and so replaces none.
    private func write(_ receipts: MessageReceipts) throws {
      try AtomicFile.writeNew(Array(Armor.encode(receipts).utf8), to: output, mode: 0o644)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify receipts that somebody gave you, by the cards of the nodes that gave them.",
      discussion: """
        Needs no node, no network and no profile, and trusts nobody but the cards: take a country's card from its contact \
        point, and compare the fingerprint of its root key, which is shown. Each card that you give must have its \
        receipt in the file; the receipts of other nodes are listed and not checked.

        Examples:
          liaison receipt verify gate-report.receipt --card xb.card
          liaison receipt verify gate-report.receipt --card xb.card --card xc.card --json
        """)

    @Argument(help: "The file with the receipts.", completion: .file()) var file: String
    @Option(
      name: .long, help: ArgumentHelp("The card of a node that gave a receipt; may be repeated.", valueName: "file"),
      completion: .file())
    var card: [String] = []

    // Taken as everywhere; nothing is read there.
    @OptionGroup(visibility: .hidden) var home: HomeOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
      guard !card.isEmpty else {
        throw ValidationError("say whose receipts to verify with --card FILE, the card of that node")
      }
    }

    func run() throws {
      let text = try CardFile.text(file, holding: ReceiptBatch.label, bytesMax: Limits.receiptsBytesMax)
      let cards = try card.map { path in
        do { return try CardFile.read(path) } catch let error as ModelError {
          throw CommandError(.badData, escaped("\(path): \(error.sentence)"))
        }
      }
      let receipts: MessageReceipts
      let proven: [ProvenReceipt]
      do {
        receipts = try Armor.decodeReceipts(text)
        proven = try cards.map { try receipts.verified(by: $0) }
      } catch let error as ModelError {
        throw CommandError(.badData, escaped("\(file) proves nothing: \(error.sentence)"))
      }
      for receipt in proven {
        let line = ReceiptLine(receipt)
        format.output.result(line, Output.table(line.rows).dropLast().description)
      }
      let shown = proven.map(\.batch.holder)
      for holder in try receipts.claimedHolders() where !shown.contains(holder) {
        format.output.explain("not checked, for want of a card: a receipt of \(holder)")
      }
    }
  }
}

/// A receipt that was verified, for people and as a JSON object.
struct ReceiptLine: Encodable {
  let message: String
  let envelopeDigest: String
  let origin: String
  let holder: String
  let holderName: String
  let heldAt: String
  let cardSerial: UInt64
  let fingerprint: String
  let fingerprintHexadecimal: String

  init(_ receipt: ProvenReceipt) {
    let card = receipt.card.content
    message = receipt.leaf.message.description
    envelopeDigest = Hex.encode(receipt.leaf.envelopeDigest)
    origin = receipt.batch.origin.description
    holder = receipt.batch.holder.description
    holderName = card.name
    heldAt = receipt.batch.heldAt.rfc3339
    cardSerial = card.serial
    fingerprint = card.fingerprint.description
    fingerprintHexadecimal = card.fingerprint.hexadecimal
  }

  /// A label and a value each.
  var rows: [[String]] {
    [
      ["message", message], ["envelope", envelopeDigest], ["origin", origin], ["holder", "\(holder), \(holderName)"],
      ["held", heldAt], ["signed by", "a key of card \(cardSerial) of the root \(fingerprint)"],
      ["", fingerprintHexadecimal],
    ]
  }
}

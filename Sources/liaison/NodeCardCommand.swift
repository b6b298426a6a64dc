internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct NodeCardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node-card",
    abstract: "Take a node's card from a file, where this machine does not know the node any more.",
    discussion: """
      Nodes' keys and addresses change, and this machine learns of it by itself while it is used. After a long absence, or \
      where your node lost its key, your administrator gives you the card. It is taken where the known root key signed it. \
      Where another country had to begin anew with another root key, you compare its fingerprint over another channel.

      Examples:
        liaison node-card xa.card
        liaison node-card xb.card --fingerprint 'kidab-luzof-…'
      """)

  @Argument(help: "A file that holds the node card.") var file: String
  @Option(
    name: .long,
    help: ArgumentHelp("What the other country said of its new root key, in words or hexadecimal.", valueName: "text"))
  var fingerprint: String?

  @OptionGroup var profile: ProfileOptions

  func run() async throws {
    let engine = try profile.open()
    let card = try CardFile.read(file)
    try card.checkInForce(at: .now)
    let content = card.content
    if let fingerprint {
      try FingerprintComparison(
        content.fingerprint, said: fingerprint, of: "The card says it is \(content.name), \(content.handle).",
        on: "this card"
      ).run()
    }
    try engine.take(nodeCard: card, rootIsCompared: fingerprint != nil)
  }
}

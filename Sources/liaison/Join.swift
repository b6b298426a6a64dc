internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct Join: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Enrol this device with your country's node.",
    discussion: """
      Makes this device's keys, which never leave it, and uses up the invitation. Where it fails on the way, the same \
      command goes on where it stopped.

      Example:
        liaison join liaison-invitation:…
      """)

  @Argument(help: "The invitation that your contact point gave you; - reads it from standard input.")
  var invitation: String

  @OptionGroup var home: HomeOptions
  @OptionGroup var passphrase: NewPassphraseOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    let address: String
    let device: String
    let node: String
    let fingerprint: String
  }

  func run() async throws {
    let output = format.output
    let invitation = try Invitation(text: invitation == "-" ? readLine() ?? "" : invitation)
    let engine = try profile(output)
    let identity = try await NodeClient.enrol(engine, invitation)
    let card = try identity.nodeCard.claim()
    // Others can add this device only once its key packages are at the node.
    try await NodeClient.with(engine) { client in
      try await client.sync()
      _ = try await client.wait(milliseconds: Patience.workMilliseconds) {
        try engine.hasKeyPackagesAtNode && engine.isSettled
      }
    }
    output.result(
      Result(
        address: identity.address.description, device: identity.device.description, node: card.handle.description,
        fingerprint: card.fingerprint.description),
      "joined \(card.handle) (\(escaped(card.name))) as \(identity.address)\nroot key of \(card.handle): \(card.fingerprint)"
    )
  }

  private func profile(_ output: Output) throws -> Engine {
    let folder = try ProfileOptions.folder(home)
    if Profile.exists(at: folder) {
      let secret =
        try Profile.needsPassphrase(at: folder)
        ? Passphrase.obtain(file: passphrase.existing.passphraseFile, prompt: "Passphrase: ") : nil
      return try Profile.open(at: folder, passphrase: secret)
    }
    if passphrase.noPassphrase {
      output.explain(
        "warning: the keys in \(escaped(folder)) are kept without a passphrase; whoever reads the disk has them")
      return try Profile.create(at: folder, passphrase: nil)
    }
    let secret = try Passphrase.obtain(
      file: passphrase.existing.passphraseFile, prompt: "New passphrase: ", confirming: true)
    return try Profile.create(at: folder, passphrase: secret)
  }
}

internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

/// Whose key is used, and how it is opened.
struct AdministratorOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The administrator's folder (or LIAISON_PROFILE); otherwise the first owner's, in the node's home.",
      valueName: "dir"))
  var profile: String?
  @OptionGroup var passphraseOptions: PassphraseOptions

  /// The folder that was named, if any.
  var named: AdministratorProfile? {
    [profile, Terminal.environment("LIAISON_PROFILE")].lazy.compactMap { $0 }.first { !$0.isEmpty }
      .map { AdministratorProfile($0) }
  }

  /// The folder that was named, else the first owner's in the node's home.
  func folder(in home: HomeOptions) throws(CommandError) -> AdministratorProfile {
    if let named { return named }
    return NodeHome(try home.folder()).administrator
  }

  /// The key, for a decision of the node `handle`.
  func open(_ profile: AdministratorProfile, for handle: String) throws(CommandError) -> SigningKey<
    AdministratorPurpose
  > {
    try profile.open { () throws(CommandError) in
      try Passphrase.obtain(
        file: passphraseOptions.passphraseFile, prompt: "Passphrase of the administrator of \(escaped(handle)): ")
    }
  }
}

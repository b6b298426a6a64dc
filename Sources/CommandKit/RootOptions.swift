package import ArgumentParser

/// Where the country's root key is: in the node's home, or on offline media that are here for the moment.
package struct RootOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("The folder of the root key, as liaisond root export made it.", valueName: "dir"))
  package var root: String?
  @Option(
    name: .long,
    help: ArgumentHelp("Read that folder's passphrase from the first line of a file.", valueName: "file"))
  package var rootPassphraseFile: String?

  package init() {}
}

internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// A person as a JSON object.
struct ContactObject: Encodable {
  let address: String
  let name: String
  let discipline: String
  let role: String
  let devices: Int
  let confirmation: String
  let confirmedAt: String?
  let rootKeyRefused: Bool
  let vouchedFor: Bool

  init(_ contact: Contact) {
    address = contact.address.description
    name = contact.card.name
    discipline = contact.card.discipline.description
    role = contact.card.role
    devices = contact.card.devices.count
    rootKeyRefused = contact.rootKeyRefused
    vouchedFor = contact.isVouchedFor
    switch contact.confirmation {
    case .none: (confirmation, confirmedAt) = ("none", nil)
    case .confirmed(let at): (confirmation, confirmedAt) = ("confirmed", at.rfc3339)
    case .changed(let since): (confirmation, confirmedAt) = ("changed", since.rfc3339)
    }
  }

  var mark: String {
    if rootKeyRefused { return "ROOT KEY CHANGED" }
    if !vouchedFor { return "NO LONGER VOUCHED FOR" }
    return switch confirmation {
    case "confirmed": "confirmed"
    case "changed": "KEYS CHANGED"
    default: ""
    }
  }
}

struct Contacts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find people.",
    discussion: """
      Asks your node's directory, and shows everybody whose card this machine has seen and could verify.

      Example:
        liaison contacts beridze
      """)

  @Argument(help: "Part of a name, address or role; an address asks that person's country.") var text: String = ""

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let text = text
    try await refresh(engine, output) { client in
      if let address = try? Address(text) {
        try await client.require([address], engine, output)
      } else {
        try await client.lookUp(.text(text))
      }
    }
    output.listing(
      try engine.contacts(matching: text).map(ContactObject.init),
      columns: ["ADDRESS", "NAME", "DISCIPLINE", "ROLE", "KEYS"], empty: "nobody found"
    ) { [$0.address, $0.name, $0.discipline, $0.role, $0.mark] }
  }
}

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare keys with a colleague.",
    discussion: """
      Shows a number, and the same as words, that is the same for both of you exactly if nobody stands between you. Compare \
      it in person or by voice; then say --confirm, and any later change of keys will be shown, and asked about before \
      anything is sent. --qr shows the number as a QR code.

      Example:
        liaison verify ana@xa
        liaison verify ana@xa --confirm
      """)

  @Argument(help: "The colleague's address.") var address: String
  @Flag(help: "You compared the number, and it is the same.") var confirm = false
  @Flag(help: "Show the number as a QR code too.") var qr = false

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    let address: String
    let safetyNumber: String
    let words: [String]
    let confirmed: Bool
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let address = try Address.typed(address)
    try await refresh(engine, output) { client in
      try await client.require([address], engine, output)
    }
    let number = try engine.safetyNumber(with: address)
    if confirm { try engine.confirm(address, now: .now) }
    let isConfirmed = if case .confirmed? = try engine.contact(address)?.confirmation { true } else { false }
    let groups = number.groups
    var lines = [groups, number.words].flatMap { parts in
      stride(from: 0, to: 12, by: 4).map { parts[$0..<$0 + 4].joined(separator: " ") }
    }
    if qr { lines += try QRCode(number.digits).lines(inColour: Terminal.showsColour) }
    output.result(
      Result(
        address: address.description, safetyNumber: number.digits, words: number.words, confirmed: isConfirmed),
      lines.joined(separator: "\n") + (isConfirmed ? "\nconfirmed" : "\nnot confirmed"))
  }
}

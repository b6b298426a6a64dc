public import TLSPresentation

/// What a vCard says of a person, cut to what the directory of people would hold. Nobody vouches for any of it.
public struct VCardPerson: Hashable, Sendable, TLSCodable {
  public var address: Address
  /// At most 128 bytes, as are the next two; may be empty, as may be all texts.
  public var name: String
  public var role: String
  public var institution: String
  public var duty: String
  public var discipline: String
  public var languages: [LanguageTag]
  public var timeZone: TimeZoneName?
  public var alternate: Address?

  public init(
    address: Address, name: String, role: String = "", institution: String = "", duty: String = "",
    discipline: String = "", languages: [LanguageTag] = [], timeZone: TimeZoneName? = nil, alternate: Address? = nil
  ) {
    self.address = address
    self.name = Self.cut(name, 128)
    self.role = Self.cut(role, 128)
    self.institution = Self.cut(institution, 128)
    self.duty = Self.cut(duty, 256)
    self.discipline = Self.cut(discipline, 32)
    self.languages = Array(languages.prefix(8))
    self.timeZone = timeZone
    self.alternate = alternate
  }

  /// `nil` where the card names no address of Liaison's.
  public init?(_ card: VCard) {
    let scheme = "liaison:"
    let named =
      card.texts("X-LIAISON-ADDRESS")
      + card.texts("IMPP").filter { $0.lowercased().hasPrefix(scheme) }.map { String($0.dropFirst(scheme.count)) }
    guard let address = named.lazy.compactMap({ try? Address($0) }).first else { return nil }
    let agent = card.properties.first { property in
      property.name == "RELATED" && (property.parameters["TYPE"] ?? []).contains { $0.lowercased() == "agent" }
    }
    self.init(
      address: address,
      name: card.text("FN") ?? card.parts("N").filter { !$0.isEmpty }.reversed().joined(separator: " "),
      role: card.text("TITLE") ?? "", institution: card.parts("ORG").first ?? "", duty: card.text("ROLE") ?? "",
      discipline: card.text("CATEGORIES") ?? "", languages: card.texts("LANG").compactMap { try? LanguageTag($0) },
      timeZone: card.text("TZ").flatMap { try? TimeZoneName($0) },
      alternate: agent.flatMap { try? Address(VCard.unescape($0.value)) })
  }

  /// `revision` is the moment of the last change in the basic format of ISO 8601, where it is known.
  public func card(revision: String? = nil) -> VCard {
    var properties = [
      VCard.Property("KIND", value: "individual"), VCard.Property("FN", text: name),
      VCard.Property("N", value: VCard.escape(name) + ";;;;"),
      VCard.Property("X-LIAISON-ADDRESS", text: address.description),
      VCard.Property("IMPP", value: "liaison:\(address)"),
    ]
    func add(_ name: String, _ text: String) {
      if !text.isEmpty { properties.append(VCard.Property(name, text: text)) }
    }
    add("ORG", institution)
    add("TITLE", role)
    add("ROLE", duty)
    add("CATEGORIES", discipline)
    for (place, language) in languages.enumerated() {
      properties.append(VCard.Property("LANG", parameters: ["PREF": ["\(place + 1)"]], text: language.description))
    }
    add("TZ", timeZone?.description ?? "")
    if let alternate {
      properties.append(
        VCard.Property("RELATED", parameters: ["TYPE": ["agent"], "VALUE": ["text"]], text: alternate.description))
    }
    if let revision { properties.append(VCard.Property("REV", value: revision)) }
    return VCard(properties)
  }

  private static func cut(_ text: String, _ bound: Int) -> String {
    guard text.utf8.count > bound else { return text }
    var result = ""
    for character in text {
      guard result.utf8.count + String(character).utf8.count <= bound else { break }
      result.append(character)
    }
    return result
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a person of a vCard has an unknown format") }
    address = try decoder.read()
    name = try decoder.readString(bound: 128)
    role = try decoder.readString(bound: 128)
    institution = try decoder.readString(bound: 128)
    duty = try decoder.readString(bound: 256)
    discipline = try decoder.readString(bound: 32)
    languages = try decoder.readVector(bound: 8 * 36)
    let zone = try decoder.readString(bound: 64)
    do { timeZone = zone.isEmpty ? nil : try TimeZoneName(zone) } catch { throw .invalid("a time zone is malformed") }
    alternate = try decoder.readOptional()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(string: name)
    encoder.write(string: role)
    encoder.write(string: institution)
    encoder.write(string: duty)
    encoder.write(string: discipline)
    encoder.write(vector: languages)
    encoder.write(string: timeZone?.description ?? "")
    encoder.write(optional: alternate)
  }
}

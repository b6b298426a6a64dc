public import TLSPresentation

/// What a member says of themselves for the directory of people (people.md). Their country, name and discipline are not in
/// it: these their node vouches for.
public struct PersonEntry: MemberStatement, Equatable {
  public static let label = "person entry"

  public var address: Address
  public var device: DeviceIdentifier
  /// Where they work, at most 128 bytes; may be empty.
  public var institution: String
  /// At most 8.
  public var languages: [LanguageTag]
  public var timeZone: TimeZoneName?
  /// What they answer for, at most 256 bytes; may be empty.
  public var duty: String
  /// Whom to turn to in their stead.
  public var alternate: Address?
  /// Grows with each entry of the member.
  public var serial: UInt64
  /// When they last said that all of it is so.
  public var confirmedAt: Timestamp

  public var member: Address { address }

  public init(
    address: Address, device: DeviceIdentifier, institution: String = "", languages: [LanguageTag] = [],
    timeZone: TimeZoneName? = nil, duty: String = "", alternate: Address? = nil, serial: UInt64, confirmedAt: Timestamp
  ) throws(ModelError) {
    guard institution.utf8.count <= 128 else { throw .malformed("an institution is at most 128 bytes long") }
    guard languages.count <= 8 else { throw .malformed("a person names at most 8 languages") }
    guard Set(languages).count == languages.count else { throw .malformed("a language is named twice") }
    guard duty.utf8.count <= 256 else { throw .malformed("a duty is at most 256 bytes long") }
    guard alternate != address else { throw .malformed("nobody is their own alternate") }
    self.address = address
    self.device = device
    self.institution = institution
    self.languages = languages
    self.timeZone = timeZone
    self.duty = duty
    self.alternate = alternate
    self.serial = serial
    self.confirmedAt = confirmedAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a person entry has an unknown format") }
    let address = try decoder.read(Address.self)
    let device = try decoder.read(DeviceIdentifier.self)
    let institution = try decoder.readString(bound: 128)
    let languages = try decoder.readVector(of: LanguageTag.self, bound: 8 * 36)
    let zone = try decoder.readString(bound: 64)
    let duty = try decoder.readString(bound: 256)
    let alternate = try decoder.readOptional(Address.self)
    let serial = try decoder.read(UInt64.self)
    let confirmedAt = try decoder.read(Timestamp.self)
    do {
      try self.init(
        address: address, device: device, institution: institution, languages: languages,
        timeZone: zone.isEmpty ? nil : TimeZoneName(zone), duty: duty, alternate: alternate, serial: serial,
        confirmedAt: confirmedAt)
    } catch { throw .invalid("a person entry breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(device)
    encoder.write(string: institution)
    encoder.write(vector: languages)
    encoder.write(string: timeZone?.description ?? "")
    encoder.write(string: duty)
    encoder.write(optional: alternate)
    encoder.write(serial)
    encoder.write(confirmedAt)
  }
}

extension PersonEntry {
  /// When it has to be confirmed anew.
  public var staleAt: Timestamp { confirmedAt.adding(milliseconds: Limits.personEntryMilliseconds) }

  /// Whether its member has not confirmed it for too long.
  public func isStale(at now: Timestamp) -> Bool { staleAt <= now }

  /// Throws where it is dated in the future, one hour of clock error allowed.
  public func checkDate(at now: Timestamp) throws(ModelError) {
    guard confirmedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw .notInForce("the entry of \(address) is dated in the future")
    }
  }
}

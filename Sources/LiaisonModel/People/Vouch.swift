public import TLSPresentation

/// A member's word that they know the person at another address, who has these keys (vouching.md). It is shown, and grants
/// nothing.
public struct Vouch: MemberStatement, Equatable {
  public static let label = "vouch"

  /// How the one knows the other.
  public enum Kind: Hashable, Sendable, CustomStringConvertible {
    case metInPerson
    case workedWith
    /// Both were at it; its name is 1 to 64 bytes.
    case event(String)

    /// `met-in-person`, `worked-with`, `event:NAME`.
    public var description: String {
      switch self {
      case .metInPerson: "met-in-person"
      case .workedWith: "worked-with"
      case .event(let name): "event:\(name)"
      }
    }

    public init(_ text: String) throws(ModelError) {
      switch text {
      case "met-in-person": self = .metInPerson
      case "worked-with": self = .workedWith
      case let text where text.hasPrefix("event:"): self = .event(String(text.dropFirst(6)))
      default: throw .malformed("a vouch is met-in-person, worked-with or event:NAME")
      }
      try check()
    }

    fileprivate func check() throws(ModelError) {
      guard case .event(let name) = self else { return }
      guard 1...64 ~= name.utf8.count else { throw .malformed("the name of an event is 1 to 64 bytes long") }
    }
  }

  public var identifier: VouchIdentifier
  public var voucher: Address
  public var device: DeviceIdentifier
  public var subject: Address
  /// Of the subject's country, as the voucher knows it.
  public var rootKey: RootKey
  /// Of the subject's devices, as the voucher knows them: 1 to 8, in ascending order of their bytes.
  public var signatureKeys: [DeviceSignatureKey]
  public var kind: Kind
  public var madeAt: Timestamp
  public var expiresAt: Timestamp

  public var member: Address { voucher }

  /// `signatureKeys` may come in any order.
  public init(
    identifier: VouchIdentifier, voucher: Address, device: DeviceIdentifier, subject: Address, rootKey: RootKey,
    signatureKeys: [DeviceSignatureKey], kind: Kind, madeAt: Timestamp, expiresAt: Timestamp
  ) throws(ModelError) {
    guard voucher != subject else { throw .malformed("nobody vouches for themselves") }
    guard 1...8 ~= signatureKeys.count, Set(signatureKeys).count == signatureKeys.count else {
      throw .malformed("a vouch is for 1 to 8 keys, each named once")
    }
    guard madeAt < expiresAt, expiresAt <= madeAt.adding(milliseconds: Limits.vouchMillisecondsMax) else {
      throw .malformed("a vouch ends within two years")
    }
    try kind.check()
    self.identifier = identifier
    self.voucher = voucher
    self.device = device
    self.subject = subject
    self.rootKey = rootKey
    self.signatureKeys = signatureKeys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    self.kind = kind
    self.madeAt = madeAt
    self.expiresAt = expiresAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a vouch has an unknown format") }
    let identifier = try decoder.read(VouchIdentifier.self)
    let voucher = try decoder.read(Address.self)
    let device = try decoder.read(DeviceIdentifier.self)
    let subject = try decoder.read(Address.self)
    let rootKey = try decoder.read(RootKey.self)
    let keys = try decoder.readVector(of: DeviceSignatureKey.self, bound: 8 * 32)
    let kind: Kind
    let code = try decoder.read(UInt8.self)
    let event = try decoder.readString(bound: 64)
    switch (code, event.isEmpty) {
    case (1, true): kind = .metInPerson
    case (2, true): kind = .workedWith
    case (3, false): kind = .event(event)
    default: throw .unknownValue(UInt64(code))
    }
    let madeAt = try decoder.read(Timestamp.self)
    let expiresAt = try decoder.read(Timestamp.self)
    do {
      try self.init(
        identifier: identifier, voucher: voucher, device: device, subject: subject, rootKey: rootKey,
        signatureKeys: keys, kind: kind, madeAt: madeAt, expiresAt: expiresAt)
    } catch { throw .invalid("a vouch breaks one of its rules") }
    guard keys == signatureKeys else { throw .invalid("the keys of a vouch are out of order") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(identifier)
    encoder.write(voucher)
    encoder.write(device)
    encoder.write(subject)
    encoder.write(rootKey)
    encoder.write(vector: signatureKeys)
    switch kind {
    case .metInPerson: encoder.write(UInt8(1))
    case .workedWith: encoder.write(UInt8(2))
    case .event: encoder.write(UInt8(3))
    }
    if case .event(let name) = kind { encoder.write(string: name) } else { encoder.write(string: "") }
    encoder.write(madeAt)
    encoder.write(expiresAt)
  }
}

public enum VouchTag: Sendable {}
/// Names a vouch among those of its voucher.
public typealias VouchIdentifier = Identifier<VouchTag>

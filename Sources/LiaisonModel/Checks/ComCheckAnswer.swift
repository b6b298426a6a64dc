public import TLSPresentation

/// A person's deliberate acknowledgement of a communication check, by one of their devices.
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque check_digest[32];    // SHA-256 of the Signed check
///   opaque role<V>;
///   opaque person<V>;
///   opaque device[16];          // of the person, that signs
///   uint64 answered_at;         // milliseconds since 1970, the device's clock
/// } ComCheckAnswer;
/// ```
public struct ComCheckAnswer: MemberStatement, Equatable {
  public typealias Signer = DeviceSignaturePurpose
  public static let label = "communication check answer"

  public var checkDigest: [UInt8]
  public var role: Address
  public var person: Address
  public var device: DeviceIdentifier
  public var answeredAt: Timestamp

  public var member: Address { person }

  /// `checkDigest` is 32 bytes.
  public init(
    checkDigest: [UInt8], role: Address, person: Address, device: DeviceIdentifier, answeredAt: Timestamp
  ) {
    self.checkDigest = checkDigest
    self.role = role
    self.person = person
    self.device = device
    self.answeredAt = answeredAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a check's answer has an unknown format") }
    checkDigest = try decoder.read(fixed: 32)
    role = try decoder.read()
    person = try decoder.read()
    device = try decoder.read()
    answeredAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(fixed: checkDigest)
    encoder.write(role)
    encoder.write(person)
    encoder.write(device)
    encoder.write(answeredAt)
  }
}

/// An answer with what shows whose it is: the person's card, and the role's that they act for.
///
/// `struct { Signed answer; Signed member_card; Signed role_card; } ProvenAnswer;`
public struct ProvenAnswer: Hashable, Sendable, TLSCodable {
  public var answer: Unverified<ComCheckAnswer>
  public var memberCard: Unverified<MemberCard>
  public var roleCard: Unverified<RoleCard>

  public init(
    answer: Unverified<ComCheckAnswer>, memberCard: Unverified<MemberCard>, roleCard: Unverified<RoleCard>
  ) {
    self.answer = answer
    self.memberCard = memberCard
    self.roleCard = roleCard
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    answer = try decoder.read()
    memberCard = try decoder.read()
    roleCard = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(answer)
    encoder.write(memberCard)
    encoder.write(roleCard)
  }

  /// The answer, where a device of a member of the node of `nodeCard` signed it who acts for the node's duty role, and it
  /// is to the check of this digest (32 bytes). Throws ``ModelError`` with what is wrong with it.
  public func verified(
    of checkDigest: [UInt8], by nodeCard: Signed<NodeCard>
  ) throws(ModelError) -> (answer: ComCheckAnswer, standing: RoleCard.Standing) {
    let (member, role) = (
      try memberCard.verified(by: nodeCard).content, try roleCard.verified(by: nodeCard).content
    )
    let answer = try answer.verified(by: member).content
    guard answer.checkDigest == checkDigest else { throw .mismatch("the answer is to another check") }
    guard answer.role == role.address, role.address == ComCheck.role(at: nodeCard.content.handle) else {
      throw .mismatch("the answer is for another role")
    }
    let (standing, people) = role.duty.acting
    guard people.contains(answer.person) else { throw .mismatch("the person does not hold the role") }
    return (answer, standing)
  }
}

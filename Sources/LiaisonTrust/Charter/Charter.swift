package import LiaisonModel
package import TLSPresentation

/// What a regional network is (Protocols/charter.md): its countries and their root keys, its community, and how many of
/// the countries may change it. Countries sign it with their root keys, because a node key that is stolen must not change
/// what a network is.
///
/// ```
/// struct {
///   uint8 version = 1;
///   uint64 serial;
///   optional<CharterDigest> network;    // of the first charter; none in that one itself
///   optional<CharterDigest> previous;   // of the charter that this one replaces; none in the first
///   opaque name<V>;
///   opaque community<V>;
///   uint8 threshold;
///   CharterMember members<V>;           // 2 to 64, in ascending order of handles
///   Timestamp issued_at;
/// } Charter;                            // at most 8 KiB
/// ```
package struct Charter: Statement, Hashable {
  package typealias Signer = RootPurpose
  package static let label = "charter"

  /// The longest name of a network, bytes.
  package static let nameBytesMax = 128
  /// The longest definition of a community, bytes.
  package static let communityBytesMax = 2048

  /// What a charter follows.
  package struct Origin: Hashable, Sendable {
    /// The network's first charter.
    package let network: CharterDigest
    /// The charter that is replaced.
    package let previous: CharterDigest

    package init(network: CharterDigest, previous: CharterDigest) {
      self.network = network
      self.previous = previous
    }
  }

  /// 1 for the first charter of a network, one more for each next one.
  package let serial: UInt64
  /// Nil for the first.
  package let origin: Origin?
  /// The network's, 1 to 128 bytes.
  package let name: String
  /// Who may read what is marked TLP:GREEN, 1 to 2,048 bytes.
  package let community: String
  /// How many of the members sign a next charter: more than half of them, so that two charters in one place take a country
  /// that signed both.
  package let threshold: UInt8
  /// The countries, in ascending order of their handles.
  package let members: [CharterMember]
  /// When it was written, by the clock of whoever did.
  package let issuedAt: Timestamp

  /// Sorts the members. Fails where a rule is broken.
  package init(
    serial: UInt64, origin: Origin?, name: String, community: String, threshold: Int, members: [CharterMember],
    issuedAt: Timestamp
  ) throws(ModelError) {
    guard serial > 0, (serial == 1) == (origin == nil) else {
      throw .malformed("the first charter has serial 1 and follows none; every other one follows one")
    }
    guard 1...Self.nameBytesMax ~= name.utf8.count else { throw .malformed("a network's name is 1 to 128 bytes long") }
    guard 1...Self.communityBytesMax ~= community.utf8.count else {
      throw .malformed("the definition of a community is 1 to 2048 bytes long")
    }
    guard 2...Limits.charterMembersMax ~= members.count else {
      throw .malformed("a charter names 2 to \(Limits.charterMembersMax) countries")
    }
    guard Set(members.map { LookAlike.skeleton($0.handle) }).count == members.count else {
      throw .malformed("two countries of the charter have one handle, or handles that look alike")
    }
    guard Set(members.map(\.rootKey)).count == members.count else {
      throw .malformed("two countries of the charter have one root key")
    }
    guard 1...members.count ~= threshold, 2 * threshold > members.count else {
      throw .malformed("more than half of the countries, and at most all, sign the next charter")
    }
    self.serial = serial
    self.origin = origin
    self.name = name
    self.community = community
    self.threshold = UInt8(threshold)
    self.members = members.sorted { $0.handle < $1.handle }
    self.issuedAt = issuedAt
    guard tlsEncoded.count <= Limits.charterBytesMax else {
      throw .malformed("a charter is at most \(Limits.charterBytesMax) bytes long: shorten its texts")
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a charter has an unknown version") }
    let serial = try decoder.read(UInt64.self)
    let network = try decoder.readOptional(CharterDigest.self)
    let previous = try decoder.readOptional(CharterDigest.self)
    let name = try decoder.readString(bound: Self.nameBytesMax)
    let community = try decoder.readString(bound: Self.communityBytesMax)
    let threshold = try decoder.read(UInt8.self)
    let members = try decoder.readVector(of: CharterMember.self, bound: Limits.charterBytesMax)
    let issuedAt = try decoder.read(Timestamp.self)
    let origin: Origin?
    switch (network, previous) {
    case (nil, nil): origin = nil
    case (let network?, let previous?): origin = Origin(network: network, previous: previous)
    default: throw .invalid("a charter follows one of a network, or none")
    }
    guard zip(members, members.dropFirst()).allSatisfy({ $0.handle < $1.handle }) else {
      throw .invalid("the countries of a charter are out of order")
    }
    do {
      try self.init(
        serial: serial, origin: origin, name: name, community: community, threshold: Int(threshold), members: members,
        issuedAt: issuedAt)
    } catch { throw .invalid("a charter breaks one of its rules") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(serial)
    encoder.write(optional: origin?.network)
    encoder.write(optional: origin?.previous)
    encoder.write(string: name)
    encoder.write(string: community)
    encoder.write(threshold)
    encoder.write(vector: members)
    encoder.write(issuedAt)
  }
}

extension Charter {
  /// Names it.
  package var digest: CharterDigest { CharterDigest(ofEncoded: tlsEncoded) }

  /// The country of that handle.
  package func member(_ handle: Handle) -> CharterMember? { members.first { $0.handle == handle } }

  /// The country of that root key.
  package func member(rootKey: RootKey) -> CharterMember? { members.first { $0.rootKey == rootKey } }

  /// Whose signatures may count for it.
  package var rootKeys: Set<RootKey> { Set(members.map(\.rootKey)) }

  /// Whether both want the same place: they follow the same charter, or none.
  package func competes(with other: Charter) -> Bool {
    // By their bytes: texts of other bytes may count as equal.
    serial == other.serial && origin == other.origin && digest != other.digest
  }

  /// What is other than in the charter before it, one sentence each; names are not escaped.
  package func changes(since before: Charter) -> [String] {
    var sentences: [String] = []
    if !name.utf8.elementsEqual(before.name.utf8) {
      sentences.append("the network is called \(name) instead of \(before.name)")
    }
    if !community.utf8.elementsEqual(before.community.utf8) { sentences.append("its community is defined anew") }
    let (old, new) = ("\(before.threshold) of \(before.members.count)", "\(threshold) of \(members.count)")
    if old != new { sentences.append("the next charter takes \(new) countries instead of \(old)") }
    for member in members {
      guard let earlier = before.member(member.handle) else {
        sentences.append("\(member.handle), \(member.name), joins")
        continue
      }
      if earlier.rootKey != member.rootKey {
        sentences.append("\(member.handle) has ANOTHER ROOT KEY: \(Fingerprint(of: member.rootKey))")
      }
      let texts = [earlier, member].map { [$0.country, $0.name, $0.region].map { Array($0.utf8) } }
      if texts[0] != texts[1] {
        sentences.append("\(member.handle) is \(member.name) (\(member.country)), \(member.region)")
      }
    }
    sentences += before.members.filter { member($0.handle) == nil }.map { "\($0.handle), \($0.name), leaves" }
    return sentences
  }
}

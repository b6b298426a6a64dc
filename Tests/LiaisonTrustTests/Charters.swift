import LiaisonModel
import LiaisonTrust

extension Country {
  /// As a charter names it.
  func member(region: String = "Westmark", root: RootKey? = nil) throws -> CharterMember {
    try CharterMember(
      handle: Handle(handle), country: "XA", name: "Land of \(handle)", rootKey: root ?? self.root.publicKey,
      region: region)
  }
}

/// Charters of made-up countries, for tests.
enum Charters {
  /// `xa`, `xb` and so on.
  static func countries(_ count: Int) -> [Country] {
    (0..<count).map { Country("x" + String(UnicodeScalar(UInt8(ascii: "a") + UInt8($0)))) }
  }

  /// So many with handles of three letters, none of which look alike.
  static func many(_ count: Int) -> [Country] {
    let letters = Array("abdefghij")
    return (0..<count).map { Country("q\(letters[$0 / 9])\(letters[$0 % 9])") }
  }

  /// The charter of these countries that follows `previous`, or a first one, which nobody has signed.
  static func charter(
    of countries: [Country], threshold: Int, after previous: VerifiedCharter? = nil, name: String = "Three regions",
    community: String = "Those who protect facilities.", issued: Timestamp = noon
  ) throws -> VerifiedCharter {
    try charter(
      members: countries.map { try $0.member() }, threshold: threshold, after: previous, name: name,
      community: community, issued: issued)
  }

  static func charter(
    members: [CharterMember], threshold: Int, after previous: VerifiedCharter? = nil, name: String = "Three regions",
    community: String = "Those who protect facilities.", issued: Timestamp = noon
  ) throws -> VerifiedCharter {
    VerifiedCharter(
      try Charter(
        serial: (previous?.content.serial ?? 0) + 1,
        origin: previous.map { Charter.Origin(network: $0.network, previous: $0.digest) }, name: name,
        community: community, threshold: threshold, members: members, issuedAt: issued))
  }
}

extension VerifiedCharter {
  /// With the signatures of these countries besides.
  func signed(by countries: some Sequence<Country>) -> VerifiedCharter {
    var signed = self
    for country in countries { signed.sign(by: country.root) }
    return signed
  }

  /// The decision that adopts it.
  var adoption: Act { .charterAdopted(signed, despite: []) }
}

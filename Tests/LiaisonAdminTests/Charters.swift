import LiaisonModel
import LiaisonTrust

extension TrustKeeperTests.Country {
  /// As a charter names it.
  func member(root: RootKey? = nil) throws -> CharterMember {
    try CharterMember(
      handle: handle, country: "XA", name: "A", rootKey: root ?? self.root.publicKey, region: "Westmark")
  }
}

/// A charter that nobody has signed, changed by just more than half of its countries.
func charter(
  of members: [CharterMember], name: String = "Network", community: String = "People.",
  after previous: VerifiedCharter? = nil, at now: Timestamp
) throws -> VerifiedCharter {
  VerifiedCharter(
    try Charter(
      serial: (previous?.content.serial ?? 0) + 1,
      origin: previous.map { Charter.Origin(network: $0.network, previous: $0.digest) }, name: name,
      community: community, threshold: members.count / 2 + 1, members: members, issuedAt: now))
}

func signed(_ charter: VerifiedCharter, by keys: SigningKey<RootPurpose>...) -> VerifiedCharter {
  var charter = charter
  for key in keys { charter.sign(by: key) }
  return charter
}

func signed(_ charter: VerifiedCharter, by countries: TrustKeeperTests.Country...) -> VerifiedCharter {
  var charter = charter
  for country in countries { charter.sign(by: country.root) }
  return charter
}

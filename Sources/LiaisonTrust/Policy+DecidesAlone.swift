package import LiaisonModel

extension Policy.Matter {
  /// Whose it is to decide.
  package var role: Role {
    switch self {
    case .administrators, .card, .rotate, .policy, .restore: .owner
    case .propose, .verify, .activate, .update, .permit, .charter: .trustOfficer
    }
  }
}

extension Policy {
  /// Somebody who is the only one with a role, and so decides alone what the policy wants several for.
  package struct DecidesAlone: Hashable, Sendable {
    /// Who.
    package let administrator: Administrator
    /// The role that nobody else has.
    package let role: Role
    /// What they decide alone, in ascending order; not empty.
    package let matters: [Matter]

    /// One sentence for a person; the name in it is not escaped.
    package var sentence: String {
      "\(administrator.name) is the only \(role) and decides alone, whatever the policy says: "
        + matters.map(\.name).joined(separator: ", ")
    }
  }

  /// Those among `administrators` who decide alone what this policy wants several for, owners first.
  package func decidesAlone(among administrators: some Collection<Administrator>) -> [DecidesAlone] {
    [Role.owner, .trustOfficer].compactMap { role in
      let holders = administrators.filter { $0.roles.contains(role) }
      let matters = Matter.allCases.filter { $0.role == role && signatures[$0] ?? 1 > 1 }.sorted()
      guard let only = holders.first, holders.count == 1, !matters.isEmpty else { return nil }
      return DecidesAlone(administrator: only, role: role, matters: matters)
    }
  }
}

package import CommandKit
package import LiaisonModel
package import LiaisonTrust

extension Charter {
  /// All that a country signs or administrators adopt; each line escaped. The fingerprint is not in it where people are
  /// asked for it.
  package func screen(withFingerprint: Bool = true) -> [String] {
    let countries = members.map {
      ["  \($0.handle)", $0.country, $0.name, $0.region, "\(Fingerprint(of: $0.rootKey))"]
    }
    return heading(withFingerprint: withFingerprint) + Output.table(countries).split(separator: "\n").map(String.init)
  }

  /// The same without its countries.
  package func heading(withFingerprint: Bool = true) -> [String] {
    let digest = digest
    var rows = [["charter", name], ["digest", "\(digest)"]]
    if withFingerprint { rows.append(["fingerprint", "\(digest.fingerprint)"]) }
    rows += [
      ["serial", "\(serial)"],
      ["follows", origin.map { "\($0.previous)" } ?? "none"], ["network", origin.map { "\($0.network)" } ?? "begins"],
      ["written", issuedAt.rfc3339], ["changed by", "\(threshold) of \(members.count) countries"],
    ]
    let lines = community.split(separator: "\n", omittingEmptySubsequences: false)
    // The last line's end is no line of its own.
    let shown = lines.count > 1 && lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
    rows += shown.enumerated().map { [$0 == 0 ? "TLP:GREEN is" : "", String($1)] }
    return Output.table(rows).split(separator: "\n").map(String.init)
  }
}

extension SignedCharter {
  /// The same with those who signed, as the charter calls them. Whether the signatures verify is not said.
  package func screen(withFingerprint: Bool = true) -> [String] {
    guard let charter = try? claim() else { return ["a charter that is malformed"] }
    let names = signatures.map { signature in
      charter.member(rootKey: signature.rootKey)?.handle.description ?? "\(Fingerprint(of: signature.rootKey))"
    }
    let list = names.isEmpty ? "none" : "\(names.count): \(names.sorted().joined(separator: ", "))"
    return charter.screen(withFingerprint: withFingerprint) + ["signed by \(list)"]
  }
}

package import LiaisonModel

/// Whether a charter has the signatures that it needs (Protocols/charter.md#when-it-stands):
///
/// 1. `threshold` of its own countries';
/// 2. each country's that it names by a root key which the charter before it does not: nobody is named without their word;
/// 3. as many as the charter before it asks for, of the countries of that one.
package struct CharterStanding: Equatable, Sendable {
  /// Signatures of one charter's countries.
  package struct Count: Equatable, Sendable {
    package let signed: [Handle]
    package let missing: [Handle]
    package let needed: Int

    package var isEnough: Bool { signed.count >= needed }

    fileprivate init(_ charter: Charter, _ signers: Set<RootKey>) {
      signed = charter.members.filter { signers.contains($0.rootKey) }.map(\.handle)
      missing = charter.members.filter { !signers.contains($0.rootKey) }.map(\.handle)
      needed = Int(charter.threshold)
    }
  }

  /// Of its own countries.
  package let own: Count
  /// Of those of the charter before it; nil for a first charter, and where that one is not known.
  package let before: Count?
  /// Countries that it names anew, or by another root key, and that have not signed.
  package let unasked: [Handle]
  /// Whether the charter before it is missing here, so that rules 2 and 3 could not be checked.
  package let isPartial: Bool

  /// How `charter` stands after `previous`, which it follows; nil for a first charter, or where it is not known.
  package init(of charter: VerifiedCharter, after previous: Charter?) {
    let content = charter.content
    own = Count(content, charter.signers)
    before = previous.map { Count($0, charter.signers) }
    isPartial = content.origin != nil && previous == nil
    let known = previous?.rootKeys ?? []
    unasked =
      isPartial
      ? []
      : content.members.filter { !known.contains($0.rootKey) && !charter.signers.contains($0.rootKey) }.map(\.handle)
  }

  /// Whether nothing is missing, as far as that can be seen.
  package var isComplete: Bool { own.isEnough && before?.isEnough != false && unasked.isEmpty }

  /// What is missing, one sentence each.
  package var shortfalls: [String] {
    var texts: [String] = []
    if !own.isEnough { texts.append(Self.sentence(own, of: "its \(own.signed.count + own.missing.count) countries")) }
    if let before, !before.isEnough {
      texts.append(Self.sentence(before, of: "the \(before.signed.count + before.missing.count) countries before it"))
    }
    if !unasked.isEmpty { texts.append("it names without their signature: \(Self.list(unasked))") }
    return texts
  }

  private static func sentence(_ count: Count, of whom: String) -> String {
    "\(count.needed) of \(whom) have to sign it, and \(count.signed.count) have: \(list(count.signed)); "
      + "not yet: \(list(count.missing))"
  }

  private static func list(_ handles: [Handle]) -> String {
    handles.isEmpty ? "none" : handles.map(\.description).joined(separator: ", ")
  }
}

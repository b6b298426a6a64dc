package import LiaisonModel
package import TLSPresentation

/// What the country's root key says where administrators lost their keys, or lost them to somebody else: those keys
/// decide nothing any more, and another owner is named. No administrator is asked, because none may be left.
///
/// ```
/// struct {
///   uint8 version = 1; LogPosition position; Timestamp recovered_at; RootKey root; Administrator owner;
///   AdministratorKey lost<V>;
/// } Recovery;
/// ```
package struct Recovery: Statement, Equatable {
  package typealias Signer = RootPurpose
  package static let label = "recovery"

  /// Where in the log it belongs.
  package var position: LogPosition
  /// When it was signed, the clock of the machine that has the root key.
  package var recoveredAt: Timestamp
  /// Whose key signs: the one that the node's own card names.
  package var rootKey: RootKey
  /// The new owner, with a key of their own.
  package var owner: Administrator
  /// The keys that are lost.
  package var lost: [AdministratorKey]

  package init(
    position: LogPosition, recoveredAt: Timestamp, rootKey: RootKey, owner: Administrator, lost: [AdministratorKey]
  ) {
    self.position = position
    self.recoveredAt = recoveredAt
    self.rootKey = rootKey
    self.owner = owner
    self.lost = lost
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a recovery has an unknown version") }
    position = try decoder.read()
    recoveredAt = try decoder.read()
    rootKey = try decoder.read()
    owner = try decoder.read()
    lost = try decoder.readVector(of: AdministratorKey.self, bound: 32 * Limits.administratorsMax)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(position)
    encoder.write(recoveredAt)
    encoder.write(rootKey)
    encoder.write(owner)
    encoder.write(vector: lost)
  }

  /// What it changes, in one sentence; `name` gives an administrator's name.
  package func summary(naming name: (AdministratorKey) -> String?) -> String {
    let gone = lost.map { name($0) ?? "\($0)" }.joined(separator: ", ")
    return "\(owner.name) becomes an administrator by the root key: \(owner.roles.text)"
      + (gone.isEmpty ? "" : "; no administrators any more: \(gone)")
  }
}

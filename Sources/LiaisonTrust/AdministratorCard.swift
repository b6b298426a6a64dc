package import LiaisonModel
package import TLSPresentation

/// What somebody who is to become an administrator hands to an owner: a key and a name, signed by that key. It gives no
/// right; an owner's decision does.
///
/// `struct { uint8 version = 1; AdministratorKey key; opaque name<V>; } AdministratorCard;`
package struct AdministratorCard: Statement, Equatable {
  package typealias Signer = AdministratorPurpose
  package static let label = "administrator card"

  /// Whose key signs.
  package let key: AdministratorKey
  /// 1 to 128 bytes.
  package let name: String

  /// Fails where `name` is not 1 to 128 bytes long.
  package init(key: AdministratorKey, name: String) throws(ModelError) {
    guard 1...Administrator.nameBytesMax ~= name.utf8.count else {
      throw .malformed("an administrator's name is 1 to \(Administrator.nameBytesMax) bytes long")
    }
    self.key = key
    self.name = name
  }

  /// What administrators compare.
  package var fingerprint: Fingerprint { Fingerprint(of: key) }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an administrator card has an unknown version") }
    let key = try decoder.read(AdministratorKey.self)
    let name = try decoder.readString(bound: Administrator.nameBytesMax)
    do { try self.init(key: key, name: name) } catch { throw .invalid("an administrator card has no name") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(key)
    encoder.write(string: name)
  }
}

extension Unverified<AdministratorCard> {
  /// The card, where the key that it names signed it.
  package func verifiedBySelf() throws(ModelError) -> Signed<AdministratorCard> { try verified(by: claim().key) }
}

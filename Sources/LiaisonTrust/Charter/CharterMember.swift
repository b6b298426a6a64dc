package import LiaisonModel
package import TLSPresentation

/// One country of a network, as its charter names it.
///
/// ```
/// struct {
///   Handle handle; opaque country<V>; opaque name<V>; RootKey root; opaque region<V>;
/// } CharterMember;
/// ```
package struct CharterMember: Hashable, Sendable, TLSCodable {
  /// The longest name of a country, bytes, as on its card.
  package static let nameBytesMax = 128
  /// The longest name of a region, bytes.
  package static let regionBytesMax = 64

  package let handle: Handle
  /// Two capital letters.
  package let country: String
  /// For people, 1 to 128 bytes.
  package let name: String
  /// Whose signature is the country's.
  package let rootKey: RootKey
  /// For people, 1 to 64 bytes.
  package let region: String

  /// Fails where a text is too long or empty.
  package init(
    handle: Handle, country: String, name: String, rootKey: RootKey, region: String
  ) throws(ModelError) {
    guard country.utf8.count == 2, country.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) else {
      throw .malformed("a country is two capital letters, such as XA")
    }
    guard 1...Self.nameBytesMax ~= name.utf8.count else { throw .malformed("a country's name is 1 to 128 bytes long") }
    guard 1...Self.regionBytesMax ~= region.utf8.count else {
      throw .malformed("a region's name is 1 to 64 bytes long")
    }
    self.handle = handle
    self.country = country
    self.name = name
    self.rootKey = rootKey
    self.region = region
  }

  /// The country of a card, in a region.
  package init(_ card: NodeCard, region: String) throws(ModelError) {
    try self.init(
      handle: card.handle, country: card.country, name: card.name, rootKey: card.rootKey, region: region)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let handle = try decoder.read(Handle.self)
    let country = try decoder.readString(bound: 2)
    let name = try decoder.readString(bound: Self.nameBytesMax)
    let rootKey = try decoder.read(RootKey.self)
    let region = try decoder.readString(bound: Self.regionBytesMax)
    do { try self.init(handle: handle, country: country, name: name, rootKey: rootKey, region: region) } catch {
      throw .invalid("a country of a charter breaks one of its rules")
    }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(handle)
    encoder.write(string: country)
    encoder.write(string: name)
    encoder.write(rootKey)
    encoder.write(string: region)
  }
}

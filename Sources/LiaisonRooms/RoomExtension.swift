package import LiaisonModel
package import MLS
package import TLSPresentation

/// What a room's group context says of the room, for nodes and devices alike.
///
/// `struct { uint8 version = 1; opaque hub<V>; } RoomExtension;`
package struct RoomExtension: Hashable, Sendable, TLSCodable {
  /// In the range that RFC 9420 §17.3 leaves to private use.
  package static let type = ExtensionType(rawValue: 0xF0A0)

  /// The node that orders the room's commits.
  package var hub: Handle

  /// The extension of a room with this hub.
  package init(hub: Handle) { self.hub = hub }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a room extension has an unknown format") }
    hub = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(hub)
  }

  /// This, as an extension of the group context.
  package var asExtension: Extension { Extension(type: Self.type, data: tlsEncoded) }

  /// The room extension of a group context. Throws where it has none, or one that cannot be read.
  package init(of extensions: [Extension]) throws(RoomError) {
    guard let data = extensions.data(of: Self.type), let value = try? Self(tlsEncoded: data) else {
      throw .notARoom
    }
    self = value
  }
}

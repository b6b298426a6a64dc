package import CommandKit
package import LiaisonModel
package import LiaisonTrust
internal import Sodium
internal import TLSPresentation

/// What a root key on offline media signed of charters, so that it does not sign two for one place unasked: a signature
/// cannot be taken back (Protocols/charter.md).
extension RootFolder {
  /// The charters that the key signed.
  private var charters: String { folder + "/charters" }

  /// `struct { uint64 serial; optional<CharterDigest> previous; CharterDigest digest; } SignedPlace;`
  private struct SignedPlace: TLSCodable {
    let serial: UInt64
    let previous: CharterDigest?
    let digest: CharterDigest

    init(_ charter: VerifiedCharter) {
      serial = charter.content.serial
      previous = charter.content.origin?.previous
      digest = charter.digest
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      serial = try decoder.read()
      previous = try decoder.readOptional()
      digest = try decoder.read()
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(serial)
      encoder.write(optional: previous)
      encoder.write(digest)
    }
  }

  private func signedPlaces() throws(CommandError) -> [SignedPlace] {
    let bytes: [UInt8]?
    do { bytes = try AtomicFile.read(charters, limit: Limits.chartersSignedMax * Limits.charterSignedBytesMax) } catch {
      guard error.isMissing else { throw CommandError(error) }
      return []
    }
    guard let bytes else { throw CommandError(.badData, "\(escaped(charters)) is damaged") }
    var decoder = TLSDecoder(bytes)
    guard let places = try? decoder.readVector(of: SignedPlace.self), decoder.isAtEnd else {
      throw CommandError(.badData, "\(escaped(charters)) is damaged")
    }
    return places
  }

  /// Signs a charter of which the key's country is a member, and remembers it before anybody can have it. Throws "not
  /// permitted" where it is another country's, or the key signed another one for the same place that `despite` does not
  /// name.
  package func sign(
    _ charter: VerifiedCharter, by root: SigningKey<RootPurpose>, despite: [CharterDigest]
  ) throws -> VerifiedCharter {
    try check(charter, despite: despite)
    var signed = charter
    signed.sign(by: root)
    guard signed.signers.contains(try lastCard().content.rootKey) else {
      throw CommandError(.notPermitted, "the key in \(escaped(folder)) is not the one that its last card names")
    }
    let places = try signedPlaces().filter { $0.digest != charter.digest } + [SignedPlace(charter)]
    var encoder = TLSEncoder()
    encoder.write(vector: places.suffix(Limits.chartersSignedMax))
    try AtomicFile.write(encoder.bytes, to: charters)
    return signed
  }

  /// Throws as ``sign(_:by:despite:)`` would.
  package func check(_ charter: VerifiedCharter, despite: [CharterDigest]) throws {
    let own = try lastCard().content
    guard charter.content.member(own.handle)?.rootKey == own.rootKey else {
      throw CommandError(.notPermitted, "the charter does not name \(own.handle) by the root key in \(escaped(folder))")
    }
    let place = SignedPlace(charter)
    for other in try signedPlaces()
    where other.serial == place.serial && other.previous == place.previous && other.digest != place.digest
      && !despite.contains(other.digest)
    {
      throw CommandError(
        .notPermitted,
        "this key has signed another charter for the same place, \(other.digest); where that is meant: --despite "
          + "\(other.digest)")
    }
  }
}

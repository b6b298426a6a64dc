package import LiaisonModel
package import TLSPresentation

/// An administrator's signed statement that something changes, for one place in one log.
///
/// ```
/// struct {
///   uint8 format = 1; LogPosition position; Timestamp decided_at; AdministratorKey administrator; Act act;
/// } Decision;
/// ```
package struct Decision: Statement, Equatable {
  package typealias Signer = AdministratorPurpose
  package static let label = "decision"

  /// Where in the log it belongs.
  package var position: LogPosition
  /// When it was made, the administrator's clock.
  package var decidedAt: Timestamp
  /// Whose key signs.
  package var administrator: AdministratorKey
  /// What changes.
  package var act: Act

  package init(position: LogPosition, decidedAt: Timestamp, administrator: AdministratorKey, act: Act) {
    self.position = position
    self.decidedAt = decidedAt
    self.administrator = administrator
    self.act = act
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a decision has an unknown format") }
    position = try decoder.read()
    decidedAt = try decoder.read()
    administrator = try decoder.read()
    act = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(position)
    encoder.write(decidedAt)
    encoder.write(administrator)
    encoder.write(act)
  }
}

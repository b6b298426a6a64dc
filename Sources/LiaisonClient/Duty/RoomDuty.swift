internal import LiaisonModel
internal import TLSPresentation

/// That a room is the one in which somebody writes to a duty role.
struct RoomDuty: TLSCodable {
  let role: Address
  /// Who made the room.
  let correspondent: Address
  /// The newest card of the role that was said in the room.
  var told: UInt64
  /// The newest card on which this device did its part.
  var handled: UInt64
  /// The newest card of which the member was told that somebody whom it names has other keys than were confirmed.
  var warned: UInt64
  /// The last place in history before the room was known to be the role's: nothing from before goes over with the role.
  let since: UInt64

  init(
    role: Address, correspondent: Address, told: UInt64, handled: UInt64 = 0, warned: UInt64 = 0, since: UInt64
  ) {
    self.role = role
    self.correspondent = correspondent
    self.told = told
    self.handled = handled
    self.warned = warned
    self.since = since
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    role = try decoder.read()
    correspondent = try decoder.read()
    told = try decoder.read()
    handled = try decoder.read()
    warned = try decoder.read()
    since = try decoder.read()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(role)
    encoder.write(correspondent)
    encoder.write(told)
    encoder.write(handled)
    encoder.write(warned)
    encoder.write(since)
  }
}

public import TLSPresentation

/// What a room is told that somebody made to write to a duty role: who holds the role now.
///
/// ```
/// struct {
///   Signed role_card;
///   opaque correspondent<V>;    // address of who made the room
/// } RoleRoom;
/// ```
public struct RoleRoom: Hashable, Sendable, TLSCodable {
  public var roleCard: Unverified<RoleCard>
  public var correspondent: Address

  public init(roleCard: Unverified<RoleCard>, correspondent: Address) {
    self.roleCard = roleCard
    self.correspondent = correspondent
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    roleCard = try decoder.read()
    correspondent = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(roleCard)
    encoder.write(correspondent)
  }
}

package import LiaisonModel

/// A duty role of this node.
package struct RoleRecord: Equatable, Sendable {
  /// The last card, as signed.
  package var card: Unverified<RoleCard>
  /// The same, which this node signed itself.
  package var content: RoleCard
  /// A hand-over that waits to be accepted.
  package var offer: Unverified<DutyOffer>?
  /// Why the role was removed, where it was; its last card names nobody.
  package var removal: String?

  /// A role as it is stored.
  package init(
    card: Unverified<RoleCard>, content: RoleCard, offer: Unverified<DutyOffer>? = nil, removal: String? = nil
  ) {
    self.card = card
    self.content = content
    self.offer = offer
    self.removal = removal
  }
}

/// This node's duty roles. At most ``LiaisonModel/Limits/rolesMax`` stand.
package protocol DutyStore {
  /// The role of this address, also where it was removed.
  func role(_ address: Address) throws(StoreError) -> RoleRecord?
  /// The roles that were not removed, in the order of their addresses.
  func standingRoles() throws(StoreError) -> [RoleRecord]
  /// Inserts a role or replaces what is known of it.
  func saveRole(_ role: RoleRecord) throws(StoreError)
}

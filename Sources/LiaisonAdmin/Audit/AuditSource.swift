package import LiaisonModel

/// Whoever can bring about lines as often as they like; each has a number of their own.
package enum AuditSource: Hashable, Sendable {
  /// Whoever reaches the node and is no peer that it knows.
  case stranger
  /// Whoever holds the administrators' socket, and proved nothing.
  case socket
  /// Whoever has this administrator's key.
  case administrator(AdministratorKey)
  /// A peer that is verified, active or suspended.
  case peer(Handle)
}

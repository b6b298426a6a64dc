package import LiaisonModel

/// Names one established link for as long as the process runs; never used twice.
package struct LinkID: Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  /// A link's number, which the runtime counts.
  package init(_ rawValue: UInt64) { self.rawValue = rawValue }

  package var description: String { "link \(rawValue)" }

  /// Stands for this node, where it asks for itself.
  static let own = LinkID(UInt64.max - 2)
}

/// Who is at the other end of a link whose key was proven and whose Hellos were exchanged.
package enum LinkPeer: Hashable, Sendable {
  /// An active peer; whether this node dialled it, and how far its clock was ahead of ours.
  case peer(Handle, dialledHere: Bool, clockDifferenceMilliseconds: Int64 = 0)
  /// An enrolled device, with the position that its Hello named.
  case device(DeviceIdentifier, inboxPosition: UInt64)
  /// A device that brings an invitation, with the key that it proved.
  case enrolment(DeviceLinkKey)
}

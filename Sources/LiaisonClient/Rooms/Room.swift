package import LiaisonModel

/// A room, as a person sees it.
package struct Room: Sendable {
  package let identifier: RoomIdentifier
  /// Empty where nobody gave one.
  package let title: String
  package let hub: Handle
  package let state: RoomState
  /// Everybody who is in, oneself included.
  package let members: [Address]
  /// Who is being added, and why it is not done yet where it was tried.
  package let joining: [Change]
  package let leaving: [Change]
  /// What was asked for and will not happen.
  package let failed: [Change]
  package let epoch: UInt64
  /// Equal for all members in the same epoch (RFC 9420 §8.7).
  package let epochAuthenticator: [UInt8]
  package let unreadCount: Int
  package let gaps: [Gap]
  /// The room that goes on in the place of this one.
  package let successor: RoomIdentifier?
  /// The duty role that is written to in it, and who does.
  package let role: Address?
  package let correspondent: Address?

  /// Somebody who is to come or go.
  package struct Change: Sendable, Equatable {
    package let address: Address
    /// The node's words, for people; empty where there are none.
    package let reason: String
  }

  /// The title, or the role that oneself writes to, or the people in it other than oneself.
  package func name(for own: Address) -> String {
    if !title.isEmpty { return title }
    if let role { return own == correspondent ? role.description : "\(people(besides: own)) to \(role)" }
    return people(besides: own)
  }

  private func people(besides own: Address) -> String {
    let others = (members + joining.map(\.address)).filter { $0 != own }
    return others.isEmpty ? "(nobody else)" : others.map(\.description).joined(separator: ", ")
  }
}

package import LiaisonModel
package import LiaisonNode

/// A running node, as its administration sees it.
package protocol AdministeredNode: Sendable {
  /// Has the core do what an administrator asks, and gives the answer once it is on disk.
  func administer(_ request: AdministrationRequest) async -> AdministrationAnswer
  /// Tells the core that something changed.
  func take(_ input: Input) async
  /// Tells linked peers that the trust log has grown.
  func trustLogGrew() async
  /// Tells linked peers, but the one that it is about, of a signed notice.
  func giveNotice(_ notice: [UInt8], about subject: Handle) async
  /// Tells those of `peers` that are linked of an encoded charter.
  func tell(charter: [UInt8], to peers: Set<Handle>) async
}

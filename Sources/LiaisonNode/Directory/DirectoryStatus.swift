package import LiaisonModel

/// What is known of directories.
package struct DirectoryStatus: Sendable {
  /// The head of this node's own log.
  package var own: Signed<DirectoryHead>
  package var countries: [KnownDirectory]
  package var evidence: [StoredEvidence]
}

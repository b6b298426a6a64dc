internal import FoundationEssentials
package import LiaisonModel

extension Timestamp {
  /// The system's clock.
  package static func now() -> Timestamp {
    Timestamp(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
  }
}

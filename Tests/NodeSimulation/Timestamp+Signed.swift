package import LiaisonModel

extension Timestamp {
  /// The moment that many milliseconds later, or earlier where they are negative.
  package func adding(signedMilliseconds more: Int64) -> Timestamp {
    more >= 0
      ? adding(milliseconds: more.magnitude)
      : Timestamp(milliseconds: milliseconds - min(milliseconds, more.magnitude))
  }
}

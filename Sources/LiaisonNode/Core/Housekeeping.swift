/// How often and how much is tidied up, so that no batch grows long by it.
enum Housekeeping {
  static let intervalMilliseconds: UInt64 = 30_000
  /// Rows of one kind that one batch tidies.
  static let rowsMax = 500
}

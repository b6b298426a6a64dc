internal import LiaisonProtocol

/// The other side broke the protocol: its link is closed, and nobody else notices. The sentence quotes nothing of theirs.
struct Violation: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

extension Frame.Failure {
  static func malformed(_ text: String) -> Self { Self(.malformed, text) }
  static func unknown(_ text: String) -> Self { Self(.unknown, text) }
  static func notPermitted(_ text: String) -> Self { Self(.notPermitted, text) }
  static func limit(_ text: String) -> Self { Self(.limit, text) }
  static func unavailable(_ text: String) -> Self { Self(.unavailable, text) }
  static func later(_ text: String) -> Self { Self(.later, text) }
  static func conflict(_ text: String) -> Self { Self(.conflict, text) }
}

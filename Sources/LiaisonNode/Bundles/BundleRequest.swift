package import LiaisonModel
package import LiaisonProtocol

/// What is asked of the core while bundles are made and taken in.
package enum BundleRequest: Sendable {
  /// A bundle for a peer is to be made.
  case begin(for: Handle)
  /// What comes next in it.
  case part(for: Handle, BundleCursor)
  /// A peer's bundle, whose header was verified, is to be taken in.
  case open(BundleHeader)
  /// Frames of it, in order.
  case take([BundledFrame], from: Handle)
  /// Whether a peer's chunks for a room are taken.
  case permitChunks(of: Handle, in: RoomIdentifier)
  /// All of it was taken.
  case close(BundleHeader)
}

/// A frame of a bundle, and its number where it is taken once only, else 0.
package struct BundledFrame: Sendable {
  package var sequence: UInt64
  package var frame: Frame

  /// A frame and its number.
  package init(sequence: UInt64 = 0, _ frame: Frame) {
    self.sequence = sequence
    self.frame = frame
  }
}

/// The answer to a ``BundleRequest``.
package enum BundleAnswer: Sendable {
  /// What the peer's bundles are sealed to, where it is known, and the rooms of which documents may go.
  case begun(key: Signed<BundleKey>?, rooms: [RoomIdentifier])
  case part(BundlePart)
  /// The newest bundle that was taken to its end.
  case opened(newest: BundleExchange.Newest?)
  case taken(BundleTally)
  case done
}

/// How far a bundle has come.
package struct BundleCursor: Hashable, Sendable {
  enum Stage: Hashable, Sendable {
    case items
    case envelopes(Precedence)
    case end
  }

  var stage = Stage.items
  var sequence: UInt64 = 0
  var queueSequence: Int64 = 0

  /// The beginning.
  package init() {}

  /// Whether nothing is left.
  package var isAtEnd: Bool { stage == .end }
}

/// A part of what goes into a bundle.
package struct BundlePart: Hashable, Sendable {
  package var records: [BundleRecord] = []
  package var tally = BundleTally()
  package var cursor: BundleCursor
}

/// What a bundle holds, or what came of it, in numbers.
package struct BundleTally: Hashable, Sendable {
  /// Envelopes: when made all of them, when taken those that are new.
  package var messages = 0
  /// Envelopes that were here already.
  package var repeated = 0
  /// Those among ``messages`` that wait for their room.
  package var held = 0
  /// Envelopes that were refused; why the last one was.
  package var refused = 0
  package var refusal: String?
  /// Receipts: those that settle something that waited.
  package var receipts = 0
  /// Envelopes that the other node refused.
  package var undeliverable = 0
  /// Questions and answers.
  package var questions = 0
  package var answers = 0
  /// Numbered records that had been taken before.
  package var old = 0
  /// Why nothing more of it was taken: it holds something that no honest node writes.
  package var fault: String?

  /// Nothing yet.
  package init() {}

  package static func += (total: inout Self, more: Self) {
    total.messages += more.messages
    total.repeated += more.repeated
    total.held += more.held
    total.refused += more.refused
    total.refusal = more.refusal ?? total.refusal
    total.receipts += more.receipts
    total.undeliverable += more.undeliverable
    total.questions += more.questions
    total.answers += more.answers
    total.old += more.old
    total.fault = more.fault ?? total.fault
  }
}

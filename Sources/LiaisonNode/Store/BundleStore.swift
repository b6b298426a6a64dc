package import LiaisonModel

/// How far bundles went between this node and a peer.
package struct BundleExchange: Hashable, Sendable {
  /// A signed ``LiaisonModel/BundleKey`` of the peer; empty where there is none.
  package var key: [UInt8] = []
  /// The number of the last record that was to be carried to the peer.
  package var lastSequence: UInt64 = 0
  /// Up to which number the peer has taken them.
  package var released: UInt64 = 0
  /// The number of the last record of the peer's that was taken here.
  package var taken: UInt64 = 0
  /// Whether a bundle of the peer was ever taken: what it cannot be told on a link waits for a bundle then.
  package var isUsed = false
  /// The newest bundle that was taken to its end, and when it was made.
  package var newest: Newest?

  /// A bundle that was taken to its end.
  package struct Newest: Hashable, Sendable {
    package var bundle: BundleIdentifier
    package var madeAt: Timestamp

    /// A bundle and its date.
    package init(bundle: BundleIdentifier, madeAt: Timestamp) {
      self.bundle = bundle
      self.madeAt = madeAt
    }
  }

  /// Nothing went yet.
  package init() {}
}

/// A record that waits for a bundle to carry it, until the peer says that it has taken it.
package struct BundleItem: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    /// A receipt is owed; it is signed when the bundle is made.
    case receipt(ReceiptLeaf)
    /// An envelope was refused: an encoded frame.
    case refusal(MessageIdentifier, frame: [UInt8])
    /// A question or an answer: an encoded frame.
    case frame([UInt8])
  }

  /// Grows with each record for the peer.
  package var sequence: UInt64
  package var content: Content

  /// A record at its place.
  package init(sequence: UInt64, _ content: Content) {
    self.sequence = sequence
    self.content = content
  }
}

/// Something that a peer is asked by bundle, and its answer once that has come.
package struct BundleQuestion: Hashable, Sendable {
  /// What was asked, in words of our own, so that it is asked once.
  package var subject: String
  /// The number of the record that asks.
  package var sequence: UInt64
  package var askedAt: Timestamp
  /// An encoded frame.
  package var answer: [UInt8]?

  /// A question that was put.
  package init(subject: String, sequence: UInt64, askedAt: Timestamp, answer: [UInt8]? = nil) {
    self.subject = subject
    self.sequence = sequence
    self.askedAt = askedAt
    self.answer = answer
  }
}

/// What waits for bundles, and what they brought, by peer.
package protocol BundleStore {
  /// How far bundles went with a peer.
  func bundleExchange(with peer: Handle) throws(StoreError) -> BundleExchange
  /// Remembers how far they went.
  func save(_ exchange: BundleExchange, with peer: Handle) throws(StoreError)
  /// Adds a record; a receipt that waits already is left as it is, and what else is known of an envelope is replaced.
  func insertBundleItem(_ item: BundleItem, for peer: Handle) throws(StoreError)
  /// Records after a number, in order.
  func bundleItems(for peer: Handle, after sequence: UInt64, limit: Int) throws(StoreError) -> [BundleItem]
  /// Lets go of records up to a number.
  func removeBundleItems(for peer: Handle, through sequence: UInt64) throws(StoreError)
  /// Takes out records about envelopes, oldest first: receipts that are owed and refusals.
  func takeBundleItemsAboutMessages(for peer: Handle, limit: Int) throws(StoreError) -> [BundleItem]
  /// How many questions and answers wait.
  func bundleFrameCount(for peer: Handle) throws(StoreError) -> Int
  /// The question about a subject.
  func bundleQuestion(_ subject: String, to peer: Handle) throws(StoreError) -> BundleQuestion?
  /// The question that a record asked.
  func bundleQuestion(sequence: UInt64, to peer: Handle) throws(StoreError) -> BundleQuestion?
  /// Adds a question or replaces the one about the same.
  func save(_ question: BundleQuestion, to peer: Handle) throws(StoreError)
  /// Forgets a question and its answer.
  func removeBundleQuestion(_ subject: String, to peer: Handle) throws(StoreError)
  /// How many questions there are.
  func bundleQuestionCount(to peer: Handle) throws(StoreError) -> Int
  /// Forgets questions and answers of before `time`.
  func removeBundleQuestions(askedBefore time: Timestamp) throws(StoreError)
}

package import LiaisonModel

/// A communication check that this node started, and what came of it.
package struct ComCheckReport: Equatable, Sendable {
  /// What one country's node and its duty officer said.
  package struct Country: Equatable, Sendable {
    package var handle: Handle
    /// What shows that the country's node holds the check, and when it came here.
    package var receipt: Unverified<ComCheckReceipt>?
    package var receiptAt: Timestamp?
    /// The acknowledgement, as it was verified, and when it came here.
    package var answer: ProvenAnswer?
    package var answerAt: Timestamp?
    /// Why the country's node does not take the check, where it said so: hostile text, at most 200 characters.
    package var refusal: String?

    /// A country of which nothing has come yet.
    package init(handle: Handle) { self.handle = handle }
  }

  /// Counts the node's checks, from 1.
  package var number: UInt64
  package var check: Unverified<ComCheck>
  /// The same, which this node signed itself.
  package var content: ComCheck
  package var countries: [Country]

  /// A check as it is stored.
  package init(number: UInt64, check: Unverified<ComCheck>, content: ComCheck, countries: [Country]) {
    self.number = number
    self.check = check
    self.content = content
    self.countries = countries
  }
}

/// A check of a peer that this node's duty officer is asked to acknowledge.
package struct HeldComCheck: Equatable, Sendable {
  package var check: Unverified<ComCheck>
  /// The same, whose signature was verified when it came.
  package var content: ComCheck
  /// What the origin was told.
  package var receipt: Unverified<ComCheckReceipt>
  package var heldAt: Timestamp
  /// When its time is over, by this node's clock.
  package var endsAt: Timestamp
  package var answer: ProvenAnswer?
  /// Whether the origin has the answer.
  package var isConfirmed: Bool

  /// A check as it is stored.
  package init(
    check: Unverified<ComCheck>, content: ComCheck, receipt: Unverified<ComCheckReceipt>, heldAt: Timestamp,
    endsAt: Timestamp, answer: ProvenAnswer? = nil, isConfirmed: Bool = false
  ) {
    self.check = check
    self.content = content
    self.receipt = receipt
    self.heldAt = heldAt
    self.endsAt = endsAt
    self.answer = answer
    self.isConfirmed = isConfirmed
  }
}

/// Communication checks: those that this node started, and those that peers did.
package protocol ComCheckStore {
  /// The checks that this node started, the newest first: of all of their countries when what came, and neither what others
  /// signed nor what they wrote, so that many are read at once.
  func comChecks(limit: Int) throws(StoreError) -> [ComCheckReport]
  /// The one of this number.
  func comCheck(_ number: UInt64) throws(StoreError) -> ComCheckReport?
  /// The one of this name, with this country alone.
  func comCheck(_ name: ComCheckIdentifier, of country: Handle) throws(StoreError) -> ComCheckReport?
  /// Those whose time is not over.
  func openComChecks(at now: Timestamp) throws(StoreError) -> [ComCheckReport]
  /// Adds a check of these countries, and forgets all but the newest `kept`. Gives its number.
  func insertComCheck(
    _ check: Signed<ComCheck>, of countries: [Handle], keeping kept: Int
  ) throws(StoreError) -> UInt64
  /// Replaces what is known of one country.
  func save(_ country: ComCheckReport.Country, of check: ComCheckIdentifier) throws(StoreError)

  /// The check of a peer.
  func heldComCheck(_ check: ComCheckIdentifier, of origin: Handle) throws(StoreError) -> HeldComCheck?
  /// Those whose time is not over, the oldest first.
  func heldComChecks(at now: Timestamp) throws(StoreError) -> [HeldComCheck]
  /// When the last check of a peer came, of those that did in this time.
  func lastComCheck(of origin: Handle, in time: ClosedRange<Timestamp>) throws(StoreError) -> Timestamp?
  /// Inserts a peer's check, or replaces what is known of it.
  func save(_ check: HeldComCheck) throws(StoreError)
  /// Forgets those whose time was over before.
  func removeHeldComChecks(endedBefore time: Timestamp) throws(StoreError)
}

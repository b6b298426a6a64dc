package import LiaisonModel
package import TLSPresentation

/// How many distinct administrators sign before an act takes effect, and for how long a proposal waits for them. Where
/// fewer are entitled, all of those are needed.
///
/// ```
/// struct { uint8 matter; uint8 signatures; } Rule;
/// struct {
///   uint8 version = 1; Rule rules<V>; uint32 proposal_hours; uint8 notices_to_suspend;
/// } Policy;                                       // rules in ascending order of matter; for 11 and later none where
///                                                 // it is as at first
/// ```
package struct Policy: Hashable, Sendable, TLSCodable {
  /// What a rule is about. A suspension or a revocation is an emergency and never waits for a second signature.
  package enum Matter: UInt8, Sendable, CaseIterable, Comparable {
    /// Administrators are named, changed, removed: who could name a second self would be four eyes alone.
    case administrators = 1
    /// The node's next card names the same keys.
    case card = 2
    /// The node's next card names other keys.
    case rotate = 3
    case propose = 4
    case verify = 5
    case activate = 6
    /// A peer's next card, by hand.
    case update = 7
    /// The policy itself.
    case policy = 8
    /// Entries of the log are said to be lost, with a backup that was restored.
    case restore = 9
    /// What a peer may do.
    case permit = 10
    /// The network's charter.
    case charter = 11

    /// Whether every policy has a rule for it. What came later has one only where it differs from ``Policy/initial``, so
    /// that logs from before can still be read, and each policy has one encoding.
    fileprivate var isAlwaysEncoded: Bool { self < .charter }

    /// What is typed: one word.
    package var name: String { String(describing: self) }

    package static func < (a: Matter, b: Matter) -> Bool { a.rawValue < b.rawValue }
  }

  /// The most signatures that may be asked for.
  package static let signaturesMax: UInt8 = 8
  /// The longest that a proposal may wait: 90 days.
  package static let proposalHoursMax: UInt32 = 90 * 24

  /// The most countries whose notices may be asked for.
  package static let noticesToSuspendMax: UInt8 = 8

  /// What applies until the first policy is decided.
  package static let initial = Policy(
    signatures: [
      .administrators: 2, .card: 1, .rotate: 2, .propose: 1, .verify: 1, .activate: 2, .update: 1, .policy: 2,
      .restore: 2, .permit: 2, .charter: 2,
    ], uncheckedProposalHours: 7 * 24, noticesToSuspend: 0)

  /// 1 to 8 for every matter.
  package let signatures: [Matter: UInt8]
  /// How long a proposal waits, 1 to 2,160 hours.
  package let proposalHours: UInt32
  /// How many active peers' notices suspend a peer here; 0 where none do, 8 at most.
  package let noticesToSuspend: UInt8

  private init(signatures: [Matter: UInt8], uncheckedProposalHours: UInt32, noticesToSuspend: UInt8) {
    self.signatures = signatures
    proposalHours = uncheckedProposalHours
    self.noticesToSuspend = noticesToSuspend
  }

  /// Where a matter is left out, ``initial`` says how many. Fails where a number is out of bounds.
  package init(
    signatures: [Matter: UInt8], proposalHours: UInt32, noticesToSuspend: UInt8 = 0
  ) throws(ModelError) {
    guard signatures.values.allSatisfy({ 1...Self.signaturesMax ~= $0 }) else {
      throw .malformed("an act needs 1 to \(Self.signaturesMax) signatures")
    }
    guard 1...Self.proposalHoursMax ~= proposalHours else {
      throw .malformed("a proposal waits for an hour to 90 days")
    }
    guard noticesToSuspend <= Self.noticesToSuspendMax else {
      throw .malformed("the notices of at most \(Self.noticesToSuspendMax) countries can be asked for")
    }
    self.init(
      signatures: Self.initial.signatures.merging(signatures) { $1 }, uncheckedProposalHours: proposalHours,
      noticesToSuspend: noticesToSuspend)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a policy has an unknown version") }
    var rules = try decoder.readVectorContent(bound: 2 * Matter.allCases.count)
    var signatures: [Matter: UInt8] = [:]
    var last: Matter?
    while rules.remaining > 0 {
      let code = try rules.read(UInt8.self)
      guard let matter = Matter(rawValue: code) else { throw .unknownValue(UInt64(code)) }
      if let last, last >= matter { throw .invalid("the rules of a policy are out of order") }
      last = matter
      let count = try rules.read(UInt8.self)
      guard matter.isAlwaysEncoded || count != Self.initial.signatures[matter] else {
        throw .invalid("a policy has a rule that it need not have")
      }
      signatures[matter] = count
    }
    guard Matter.allCases.allSatisfy({ !$0.isAlwaysEncoded || signatures[$0] != nil }) else {
      throw .invalid("a policy lacks a rule")
    }
    let hours = try decoder.read(UInt32.self)
    let notices = try decoder.read(UInt8.self)
    do { try self.init(signatures: signatures, proposalHours: hours, noticesToSuspend: notices) } catch {
      throw .invalid("a number of a policy is out of bounds")
    }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.writeVector { encoder in
      for (matter, count) in signatures.sorted(by: { $0.key < $1.key })
      where matter.isAlwaysEncoded || count != Self.initial.signatures[matter] {
        encoder.write(matter.rawValue)
        encoder.write(count)
      }
    }
    encoder.write(proposalHours)
    encoder.write(noticesToSuspend)
  }

  /// For people: `administrators 2, card 1, …; proposals wait 7 d`.
  package var text: String {
    signatures.sorted { $0.key < $1.key }.map { "\($0.key.name) \($0.value)" }.joined(separator: ", ")
      + "; proposals wait \(proposalHours) h"
      + (noticesToSuspend == 0 ? "" : "; a peer is suspended by the notices of \(noticesToSuspend)")
  }
}

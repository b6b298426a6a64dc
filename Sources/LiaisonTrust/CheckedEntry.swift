internal import LiaisonModel
internal import MerkleLog
internal import TLSPresentation

/// An entry whose own signature was verified by the key that it names, or is still to be. Whether that key may decide, and
/// whether the entry follows those before it, the log says.
struct CheckedEntry: Sendable {
  enum Statement: Sendable {
    case decision(Decision)
    case cardReceived(CardReceived)
    case recovery(Recovery)
    case noticeReceived(NoticeReceived)
    case cardReplaced(CardReplaced)
  }

  let statement: Statement
  let leafHash: MerkleHash
  /// Whether the signature was verified.
  let isVerified: Bool

  /// Decodes an encoded ``LogEntry`` and verifies its signature, but not, where members are deferred, that of a decision
  /// about a member.
  init(_ entry: [UInt8], deferringMembers: Bool = false) throws(TrustError) {
    let decoded: LogEntry
    do { decoded = try LogEntry(tlsEncoded: entry) } catch { throw TrustError(.malformed, "the entry is malformed") }
    do {
      switch decoded {
      case .decision(let unverified):
        let claim = try unverified.claim()
        isVerified = !(deferringMembers && claim.act.isAboutMember)
        if isVerified { _ = try unverified.verified(by: claim.administrator) }
        statement = .decision(claim)
      case .cardReceived(let unverified):
        isVerified = true
        statement = .cardReceived(try unverified.verified(by: unverified.claim().nodeKey).content)
      case .recovery(let unverified):
        isVerified = true
        statement = .recovery(try unverified.verified(by: unverified.claim().rootKey).content)
      case .noticeReceived(let unverified):
        isVerified = true
        statement = .noticeReceived(try unverified.verified(by: unverified.claim().nodeKey).content)
      case .cardReplaced(let unverified):
        isVerified = true
        statement = .cardReplaced(try unverified.verified(by: unverified.claim().card.claim().rootKey).content)
      }
    } catch { throw TrustError(error) }
    leafHash = .leaf(entry)
  }

  /// Where in the log it belongs.
  var position: LogPosition {
    switch statement {
    case .decision(let decision): decision.position
    case .cardReceived(let received): received.position
    case .recovery(let recovery): recovery.position
    case .noticeReceived(let received): received.position
    case .cardReplaced(let replaced): replaced.position
    }
  }

  /// When it was signed, by the signer's clock.
  var time: Timestamp {
    switch statement {
    case .decision(let decision): decision.decidedAt
    case .cardReceived(let received): received.receivedAt
    case .recovery(let recovery): recovery.recoveredAt
    case .noticeReceived(let received): received.receivedAt
    case .cardReplaced(let replaced): replaced.replacedAt
    }
  }
}

extension Act {
  /// Whether it is about a member, and so changes nothing in a registry.
  fileprivate var isAboutMember: Bool {
    switch self {
    case .memberInvited, .memberRevoked, .dutyRoleChanged, .comCheckStarted: true
    default: false
    }
  }
}

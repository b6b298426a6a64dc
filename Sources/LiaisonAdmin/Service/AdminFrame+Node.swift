internal import CommandKit
internal import FoundationEssentials
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonTrust

extension AdminFailure {
  init(_ failure: Frame.Failure) {
    self.init()
    // The numbers are the same (admin.proto).
    reason = Reason(rawValue: failure.reason.rawValue) ?? .unspecified
    text = failure.text
  }
}

extension AdminProposal {
  init(_ proposal: Proposal, in registry: Registry) {
    self.init()
    sequence = proposal.sequence
    act = Data(proposal.act.tlsEncoded)
    proposedAt = proposal.proposedAt.milliseconds
    expiresAt = proposal.expiresAt.milliseconds
    signers = registry.countedSigners(of: proposal).map(\.name)
    needed = UInt32(clamping: registry.signaturesNeeded(for: proposal.act))
  }
}

extension AdminDecided {
  /// Notes what a decision became, where it is not in force.
  mutating func note(_ outcome: Outcome, in registry: Registry) {
    switch outcome {
    case .waits(let proposal, _): self.proposal = AdminProposal(proposal, in: registry)
    case .declined(let proposal):
      self.proposal = AdminProposal(proposal, in: registry)
      self.proposal.declined = true
    case .inForce: break
    }
  }
}

extension AdminNotice {
  init(_ kept: Registry.KeptNotice) {
    self.init()
    issuer = kept.notice.issuer.description
    standing = "\(kept.notice.standing)"
    reason = kept.notice.reason
    decidedAt = kept.notice.decidedAt.milliseconds
    receivedAt = kept.receivedAt.milliseconds
  }
}

extension AdminMember {
  init(_ member: MemberRecord) {
    self.init()
    address = member.address.description
    name = member.profile.name
    discipline = member.profile.discipline.description
    role = member.profile.role
    cardSerial = member.serial
    cardExpiresAt = member.cardExpiresAt?.milliseconds ?? 0
    revoked = member.revocation != nil
    reason = member.revocation ?? ""
    deviceCount = UInt32(clamping: member.deviceCount)
  }
}

extension AdminQueue {
  init(_ status: QueueStatus, at now: Timestamp) {
    self.init()
    peer = status.peer.description
    count = UInt64(clamping: status.record.count)
    bytes = UInt64(clamping: status.record.bytes)
    oldestAt = status.record.oldest?.milliseconds ?? 0
    linked = status.isLinked
    carrier = status.carrier?.description ?? ""
    active = status.isActive
    underWay = UInt64(clamping: status.underWay)
    dialsAt = status.dialsAt?.milliseconds ?? 0
    error = status.trouble?.text ?? ""
    errorAt = status.trouble?.at.milliseconds ?? 0
    next = status.next.words(at: now)
    clockDifference = status.clockDifferenceMilliseconds ?? 0
  }
}

extension AdminInbox {
  init(_ status: InboxStatus) {
    self.init()
    member = status.device.address.description
    device = status.device.identifier.description
    waiting = UInt64(clamping: status.waiting)
    oldestAt = status.oldest?.milliseconds ?? 0
    linked = status.isLinked
  }
}

extension AdminMetric {
  init(_ metric: (name: MetricsRegistry.Name, value: MetricsRegistry.Value)) {
    self.init()
    name = metric.name.label
    dimensions = metric.name.dimensions
    switch metric.value {
    case .counter(let count): counter = UInt64(clamping: count)
    case .gauge(let value): gauge = value
    case .histogram(let values):
      var histogram = AdminHistogram()
      histogram.count = values.count
      histogram.sum = values.sum
      histogram.max = values.max
      histogram.median = values.quantile(0.5)
      histogram.percentile95 = values.quantile(0.95)
      histogram.percentile99 = values.quantile(0.99)
      self.histogram = histogram
    }
  }
}

extension NextStep {
  /// What happens next, for a person.
  fileprivate func words(at now: Timestamp) -> String {
    func wait(_ time: Timestamp) -> String {
      (time.milliseconds - min(time.milliseconds, now.milliseconds)).spanShown
    }
    return switch self {
    case .rests: "nothing waits"
    case .sends: "sends"
    case .resends(let at): "waits for receipts, sends again in \(wait(at))"
    case .dials(let at): at <= now ? "dials now" : "dials again in \(wait(at))"
    case .dialling: "is dialling"
    case .waitsForActivation: "waits until the peer is activated"
    case .waitsForBundle: "waits for a bundle"
    }
  }
}

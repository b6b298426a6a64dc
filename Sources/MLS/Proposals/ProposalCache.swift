package import TLSPresentation

/// A proposal with who sent it: by itself, or by value in a commit.
package struct ReceivedProposal: Hashable, Sendable {
  package let proposal: Proposal
  package let sender: Sender
  /// nil where it came by value.
  package let reference: ProposalRef?

  package init(proposal: Proposal, sender: Sender, reference: ProposalRef?) {
    self.proposal = proposal
    self.sender = sender
    self.reference = reference
  }
}

/// The proposals of the current epoch, in the order in which they came (RFC 9420 §12.1).
package struct ProposalCache: Sendable, Equatable {
  /// More than any epoch should see; further ones are refused.
  package static let countMax = 4096

  package private(set) var proposals: [ReceivedProposal] = []

  package var isEmpty: Bool { proposals.isEmpty }

  package subscript(reference: ProposalRef) -> ReceivedProposal? { proposals.first { $0.reference == reference } }

  package mutating func insert(_ proposal: Proposal, from sender: Sender, reference: ProposalRef) throws(MLSError) {
    guard self[reference] == nil else { return }
    guard proposals.count < Self.countMax else { throw .exhausted }
    proposals.append(ReceivedProposal(proposal: proposal, sender: sender, reference: reference))
  }

  /// One that was stored.
  package mutating func insert(_ received: ReceivedProposal) throws(TLSPresentationError) {
    guard proposals.count < Self.countMax else { throw .tooLong(bound: Self.countMax) }
    proposals.append(received)
  }

  /// The proposals of a commit, in its order.
  package func resolve(_ commit: Commit, sender: Sender) throws(MLSError) -> [ReceivedProposal] {
    let byReference = Dictionary(
      proposals.compactMap { proposal in proposal.reference.map { ($0, proposal) } },
      uniquingKeysWith: { first, _ in first })
    var result: [ReceivedProposal] = []
    for element in commit.proposals {
      switch element {
      case .proposal(let proposal):
        result.append(ReceivedProposal(proposal: proposal, sender: sender, reference: nil))
      case .reference(let reference):
        guard let proposal = byReference[reference] else { throw .unknownProposal }
        result.append(proposal)
      }
    }
    return result
  }
}

extension ReceivedProposal: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(proposal)
    encoder.write(sender)
    encoder.write(optional: reference)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    proposal = try decoder.read()
    sender = try decoder.read()
    reference = try decoder.readOptional()
  }
}

extension ProposalCache: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: proposals)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    for received in try decoder.readVector(of: ReceivedProposal.self) { try insert(received) }
  }
}

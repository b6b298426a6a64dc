package import TLSPresentation

/// RFC 9420 §12.4.
package enum ProposalOrRef: Hashable, Sendable, TLSCodable {
  case proposal(Proposal)
  case reference(ProposalRef)

  package func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .proposal(let proposal):
      encoder.write(UInt8(1))
      encoder.write(proposal)
    case .reference(let reference):
      encoder.write(UInt8(2))
      encoder.write(reference)
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .proposal(try decoder.read())
    case 2: self = .reference(try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
  }
}

/// RFC 9420 §12.4.
package struct Commit: Hashable, Sendable, TLSCodable {
  package let proposals: [ProposalOrRef]
  package let path: UpdatePath?

  package init(proposals: [ProposalOrRef], path: UpdatePath?) {
    self.proposals = proposals
    self.path = path
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: proposals)
    encoder.write(optional: path)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    proposals = try decoder.readVector()
    path = try decoder.readOptional()
  }
}

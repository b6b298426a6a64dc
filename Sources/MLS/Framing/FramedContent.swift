package import TLSPresentation

/// RFC 9420 §6.
package struct FramedContent: Hashable, Sendable, TLSCodable {
  package enum Body: Hashable, Sendable {
    case application([UInt8])
    case proposal(Proposal)
    case commit(Commit)

    package var type: ContentType {
      switch self {
      case .application: .application
      case .proposal: .proposal
      case .commit: .commit
      }
    }

    /// Bytes that hold an application message with its framing, so that its encoder leaves no outgrown buffer behind.
    package var capacity: Int {
      if case .application(let data) = self { data.count + 2048 } else { 2048 }
    }

    /// The proposals that are its sender's own.
    package var ownProposals: [Proposal] {
      switch self {
      case .application: []
      case .proposal(let proposal): [proposal]
      case .commit(let commit):
        commit.proposals.compactMap { if case .proposal(let proposal) = $0 { proposal } else { nil } }
      }
    }

    package func encode(to encoder: inout TLSEncoder) {
      switch self {
      case .application(let data): encoder.write(opaque: data)
      case .proposal(let proposal): encoder.write(proposal)
      case .commit(let commit): encoder.write(commit)
      }
    }

    package init(from decoder: inout TLSDecoder, type: ContentType) throws(TLSPresentationError) {
      switch type {
      case .application: self = .application(try decoder.readOpaque())
      case .proposal: self = .proposal(try decoder.read())
      case .commit: self = .commit(try decoder.read())
      }
    }
  }

  package let groupID: [UInt8]
  package let epoch: UInt64
  package let sender: Sender
  package let authenticatedData: [UInt8]
  package let body: Body

  package init(groupID: [UInt8], epoch: UInt64, sender: Sender, authenticatedData: [UInt8], body: Body) {
    self.groupID = groupID
    self.epoch = epoch
    self.sender = sender
    self.authenticatedData = authenticatedData
    self.body = body
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: groupID)
    encoder.write(epoch)
    encoder.write(sender)
    encoder.write(opaque: authenticatedData)
    encoder.write(body.type)
    body.encode(to: &encoder)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    groupID = try decoder.readOpaque()
    epoch = try decoder.read()
    sender = try decoder.read()
    authenticatedData = try decoder.readOpaque()
    let type: ContentType = try decoder.read()
    body = try Body(from: &decoder, type: type)
  }
}

/// RFC 9420 §6.1.
package struct FramedContentAuthData: Hashable, Sendable {
  package let signature: [UInt8]
  /// Of commits only.
  package var confirmationTag: [UInt8]?

  package func encode(to encoder: inout TLSEncoder, type: ContentType) {
    encoder.write(opaque: signature)
    if type == .commit { encoder.write(opaque: confirmationTag ?? []) }
  }

  package init(signature: [UInt8], confirmationTag: [UInt8]?) {
    self.signature = signature
    self.confirmationTag = confirmationTag
  }

  package init(from decoder: inout TLSDecoder, type: ContentType) throws(TLSPresentationError) {
    signature = try decoder.readOpaque()
    confirmationTag = type == .commit ? try decoder.readOpaque() : nil
  }
}

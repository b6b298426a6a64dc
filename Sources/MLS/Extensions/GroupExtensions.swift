public import TLSPresentation

/// What every member must support beyond the defaults (RFC 9420 §11.1).
public struct RequiredCapabilities: Hashable, Sendable, TLSCodable {
  public var extensions: [ExtensionType]
  public var proposals: [ProposalType]
  public var credentials: [CredentialType]

  public init(
    extensions: [ExtensionType] = [], proposals: [ProposalType] = [], credentials: [CredentialType] = []
  ) {
    self.extensions = extensions
    self.proposals = proposals
    self.credentials = credentials
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: extensions)
    encoder.write(vector: proposals)
    encoder.write(vector: credentials)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    extensions = try decoder.readVector()
    proposals = try decoder.readVector()
    credentials = try decoder.readVector()
  }

  /// This, as an extension of the group context.
  public var asExtension: Extension { Extension(type: .requiredCapabilities, data: tlsEncoded) }
}

/// One that may send proposals from outside the group (RFC 9420 §12.1.8.1).
public struct ExternalSender: Hashable, Sendable, TLSCodable {
  public var signatureKey: SignaturePublicKey
  public var credential: Credential

  public init(signatureKey: SignaturePublicKey, credential: Credential) {
    self.signatureKey = signatureKey
    self.credential = credential
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(signatureKey)
    encoder.write(credential)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    signatureKey = try decoder.read()
    credential = try decoder.read()
  }
}

/// The content of the `external_senders` extension.
public struct ExternalSenders: Hashable, Sendable, TLSCodable {
  public var senders: [ExternalSender]

  public init(_ senders: [ExternalSender]) {
    self.senders = senders
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: senders)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    senders = try decoder.readVector()
  }

  /// This, as an extension of the group context.
  public var asExtension: Extension { Extension(type: .externalSenders, data: tlsEncoded) }
}

extension [Extension] {
  /// The entries of the `external_senders` extension, if the list has one.
  package func externalSenders() throws(MLSError) -> [ExternalSender] {
    try value(of: .externalSenders, as: ExternalSenders.self)?.senders ?? []
  }
}

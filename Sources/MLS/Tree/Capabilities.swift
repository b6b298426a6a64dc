public import TLSPresentation

/// What a client supports (RFC 9420 §7.2). Default proposal and extension types are not listed.
public struct Capabilities: Hashable, Sendable, TLSCodable {
  public var versions: [ProtocolVersion]
  public var cipherSuites: [CipherSuite]
  public var extensions: [ExtensionType]
  public var proposals: [ProposalType]
  public var credentials: [CredentialType]

  public init(
    versions: [ProtocolVersion] = [.mls10], cipherSuites: [CipherSuite] = CipherSuite.supported,
    extensions: [ExtensionType] = [], proposals: [ProposalType] = [], credentials: [CredentialType] = [.basic]
  ) {
    self.versions = versions
    self.cipherSuites = cipherSuites
    self.extensions = extensions
    self.proposals = proposals
    self.credentials = credentials
  }

  public func supports(_ type: ExtensionType) -> Bool { type.isDefault || extensions.contains(type) }
  public func supports(_ type: ProposalType) -> Bool { type.isDefault || proposals.contains(type) }
  public func supports(_ type: CredentialType) -> Bool { credentials.contains(type) }

  package func satisfies(_ required: RequiredCapabilities) -> Bool {
    required.extensions.allSatisfy { supports($0) } && required.proposals.allSatisfy { supports($0) }
      && required.credentials.allSatisfy { supports($0) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(vector: versions)
    encoder.write(vector: cipherSuites)
    encoder.write(vector: extensions)
    encoder.write(vector: proposals)
    encoder.write(vector: credentials)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    versions = try decoder.readVector()
    cipherSuites = try decoder.readVector()
    extensions = try decoder.readVector()
    proposals = try decoder.readVector()
    credentials = try decoder.readVector()
  }
}

/// When a key package is valid, in seconds since 1970 (RFC 9420 §7.2); both ends are included.
public struct Lifetime: Hashable, Sendable, TLSCodable {
  public var notBefore: UInt64
  public var notAfter: UInt64

  public init(notBefore: UInt64, notAfter: UInt64) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  public func contains(_ now: UInt64) -> Bool { notBefore <= now && now <= notAfter }

  /// The whole length in seconds, nil where the end precedes the start.
  package var length: UInt64? { notAfter >= notBefore ? notAfter - notBefore : nil }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(notBefore)
    encoder.write(notAfter)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    notBefore = try decoder.read()
    notAfter = try decoder.read()
  }
}

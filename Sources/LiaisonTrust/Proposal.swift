internal import Crypto
package import LiaisonModel
package import TLSPresentation

/// An act that waits for more administrators to sign it.
package struct Proposal: Hashable, Sendable {
  /// The place in the log of the decision that proposed it; its name.
  package let sequence: UInt64
  /// What will take effect.
  package let act: Act
  /// When it was proposed.
  package let proposedAt: Timestamp
  /// Until when it can be signed.
  package let expiresAt: Timestamp
  /// Who has signed, the proposer first. Only those count who are still entitled.
  package internal(set) var signers: [AdministratorKey]
}

/// SHA-256 of an encoded ``Act``, 32 bytes: whoever signs a proposal signs what they were shown, not only its number.
package struct ActDigest: Hashable, Sendable, TLSCodable {
  private let bytes: [UInt8]

  /// The digest of `act`.
  package init(of act: Act) { bytes = Array(SHA256.hash(data: act.tlsEncoded)) }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { bytes = try decoder.read(fixed: 32) }

  package func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}

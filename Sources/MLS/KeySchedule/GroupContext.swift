public import TLSPresentation

/// The group's state in one epoch, as its members agree on it (RFC 9420 §8.1).
public struct GroupContext: Hashable, Sendable, TLSCodable {
  public let version: ProtocolVersion
  public let cipherSuite: CipherSuite
  public let groupID: [UInt8]
  public package(set) var epoch: UInt64
  public package(set) var treeHash: [UInt8]
  public package(set) var confirmedTranscriptHash: [UInt8]
  public package(set) var extensions: [Extension]

  package init(
    cipherSuite: CipherSuite, groupID: [UInt8], epoch: UInt64, treeHash: [UInt8], confirmedTranscriptHash: [UInt8],
    extensions: [Extension]
  ) {
    version = .mls10
    self.cipherSuite = cipherSuite
    self.groupID = groupID
    self.epoch = epoch
    self.treeHash = treeHash
    self.confirmedTranscriptHash = confirmedTranscriptHash
    self.extensions = extensions
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(version)
    encoder.write(cipherSuite)
    encoder.write(opaque: groupID)
    encoder.write(epoch)
    encoder.write(opaque: treeHash)
    encoder.write(opaque: confirmedTranscriptHash)
    encoder.write(vector: extensions)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    version = try decoder.read()
    cipherSuite = try decoder.read()
    groupID = try decoder.readOpaque()
    epoch = try decoder.read()
    treeHash = try decoder.readOpaque()
    confirmedTranscriptHash = try decoder.readOpaque()
    extensions = try decoder.readVector()
  }
}

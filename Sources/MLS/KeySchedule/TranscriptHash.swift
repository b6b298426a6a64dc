internal import TLSPresentation

/// RFC 9420 §8.2.
package enum TranscriptHash {
  package static func confirmed(_ suite: Suite, interimBefore: [UInt8], _ commit: AuthenticatedContent) -> [UInt8] {
    var input = TLSEncoder(reservingCapacity: 1024)
    input.write(fixed: interimBefore)
    input.write(commit.wireFormat)
    input.write(commit.content)
    input.write(opaque: commit.auth.signature)
    return suite.hash(input.bytes)
  }

  package static func interim(_ suite: Suite, confirmed: [UInt8], confirmationTag: [UInt8]) -> [UInt8] {
    var input = TLSEncoder(reservingCapacity: 256)
    input.write(fixed: confirmed)
    input.write(opaque: confirmationTag)
    return suite.hash(input.bytes)
  }
}

package import LiaisonModel
package import TLSPresentation

/// A country's signature of a charter.
///
/// `struct { RootKey root; opaque signature[64]; } CharterSignature;`
package struct CharterSignature: Hashable, Sendable, TLSCodable {
  package let rootKey: RootKey
  /// 64 bytes, as of any signed statement.
  package let signature: [UInt8]

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    rootKey = try decoder.read()
    signature = try decoder.read(fixed: 64)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(rootKey)
    encoder.write(fixed: signature)
  }

  fileprivate init(rootKey: RootKey, signature: [UInt8]) {
    self.rootKey = rootKey
    self.signature = signature
  }
}

/// A charter and the signatures that were gathered, as they were carried, not yet verified.
///
/// ```
/// struct {
///   opaque charter<V>;               // at most 8 KiB
///   CharterSignature signatures<V>;  // at most 80, in ascending order of root keys
/// } SignedCharter;
/// ```
package struct SignedCharter: Hashable, Sendable, TLSCodable {
  /// The exact bytes that are signed.
  package let statement: [UInt8]
  package let signatures: [CharterSignature]

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    statement = try decoder.readOpaque(bound: Limits.charterBytesMax)
    signatures = try decoder.readVector(bound: Limits.charterSignaturesMax * 96)
    guard
      zip(signatures, signatures.dropFirst()).allSatisfy({
        $0.rootKey.bytes.lexicographicallyPrecedes($1.rootKey.bytes)
      })
    else { throw .invalid("the signatures of a charter are out of order") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: statement)
    encoder.write(vector: signatures)
  }

  fileprivate init(statement: [UInt8], signatures: [RootKey: [UInt8]]) {
    self.statement = statement
    self.signatures = signatures.map { CharterSignature(rootKey: $0, signature: $1) }
      .sorted { $0.rootKey.bytes.lexicographicallyPrecedes($1.rootKey.bytes) }
  }

  /// What it claims to say. Nothing in it may be believed.
  package func claim() throws(ModelError) -> Charter {
    do { return try Charter(tlsEncoded: statement) } catch { throw .malformed("the charter is malformed") }
  }

  /// The charter with those of its signatures that verify.
  package func verified() throws(ModelError) -> VerifiedCharter {
    var verified = VerifiedCharter(try claim(), statement)
    for signature in signatures
    where
      (try? Unverified<Charter>(statement: statement, signature: signature.signature)
      .verified(by: signature.rootKey)) != nil
    {
      verified.signatures[signature.rootKey] = signature.signature
    }
    return verified
  }
}

/// A charter with signatures each of which was verified, by whatever root key it names. Whether they are enough, and
/// whose they are, ``CharterStanding`` says.
package struct VerifiedCharter: Equatable, Sendable {
  package let content: Charter
  package let digest: CharterDigest
  private let statement: [UInt8]
  fileprivate(set) var signatures: [RootKey: [UInt8]] = [:]

  fileprivate init(_ content: Charter, _ statement: [UInt8]) {
    self.content = content
    self.statement = statement
    digest = CharterDigest(ofEncoded: statement)
  }

  /// A charter that nobody has signed yet.
  package init(_ content: Charter) { self.init(content, content.tlsEncoded) }

  /// Whose signatures it has.
  package var signers: Set<RootKey> { Set(signatures.keys) }

  /// The network that it is of.
  package var network: CharterDigest { content.origin?.network ?? digest }

  /// To carry and to keep: with the signatures of its own countries, which it needs before any others, and as many others
  /// as there is room for.
  package var signed: SignedCharter {
    let own = content.rootKeys
    let others = signatures.filter { !own.contains($0.key) }
      .sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
    var carried = signatures.filter { own.contains($0.key) }
    for (key, signature) in others.prefix(Limits.charterSignaturesMax - carried.count) { carried[key] = signature }
    return SignedCharter(statement: statement, signatures: carried)
  }

  /// Signs it. A key that has signed it signs it once.
  package mutating func sign(by key: SigningKey<RootPurpose>) {
    signatures[key.publicKey] = Signed(content, by: key).unverified.signature
  }

  /// Takes over the signatures that another copy has and this one lacks; whether there were any. Another charter has none.
  @discardableResult
  package mutating func take(_ other: VerifiedCharter) -> Bool {
    guard other.statement == statement else { return false }
    let before = signatures.count
    signatures.merge(other.signatures) { own, _ in own }
    return signatures.count > before
  }

  /// With the signatures of these keys alone.
  package func keeping(_ keys: Set<RootKey>) -> VerifiedCharter {
    var kept = self
    kept.signatures = signatures.filter { keys.contains($0.key) }
    return kept
  }
}

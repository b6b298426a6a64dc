public import TLSPresentation

/// A kind of statement that one kind of key signs.
public protocol Statement: TLSCodable, Sendable {
  associatedtype Signer: KeyPurpose
  /// Separates this statement's signatures from every other's.
  static var label: String { get }
}

/// A statement and a signature as they were carried, not yet verified.
///
/// ```
/// struct { opaque statement<V>; opaque signature[64]; } Signed;
/// ```
public struct Unverified<Content: Statement>: Hashable, Sendable, TLSCodable {
  /// The exact bytes that were signed.
  public let statement: [UInt8]
  /// 64 bytes.
  public let signature: [UInt8]

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    statement = try decoder.readOpaque(bound: Limits.statementBytesMax)
    signature = try decoder.read(fixed: 64)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: statement)
    encoder.write(fixed: signature)
  }

  /// A signature (64 bytes) that was carried apart from the statement.
  package init(statement: [UInt8], signature: [UInt8]) {
    self.statement = statement
    self.signature = signature
  }

  /// What the statement claims, to find the key that should have signed it. Nothing in it may be believed.
  public func claim() throws(ModelError) -> Content {
    do { return try Content(tlsEncoded: statement) } catch {
      throw .malformed("the \(Content.label) is malformed")
    }
  }

  /// The statement, where `key` signed it.
  public func verified(by key: PublicKey<Content.Signer>) throws(ModelError) -> Signed<Content> {
    let bytes = signedBytes(Content.label, statement)
    guard
      GoodSignatures.isGood(
        signature, over: bytes, by: key.bytes, verify: { key.isValid(signature: signature, over: bytes) })
    else { throw .badSignature }
    return Signed(content: try claim(), unverified: self)
  }
}

/// A statement whose signature was verified or has just been made.
public struct Signed<Content: Statement>: Sendable {
  public let content: Content
  /// What to carry and to keep.
  public let unverified: Unverified<Content>

  /// The statement and its signature, in the encoding that is carried.
  public var bytes: [UInt8] { unverified.tlsEncoded }

  fileprivate init(content: Content, unverified: Unverified<Content>) {
    self.content = content
    self.unverified = unverified
  }

  public init(_ content: Content, by key: SigningKey<Content.Signer>) {
    let statement = content.tlsEncoded
    self.init(
      content: content,
      unverified: Unverified(
        statement: statement, signature: key.signature(over: signedBytes(Content.label, statement))))
  }
}

extension Signed: Equatable {
  public static func == (a: Self, b: Self) -> Bool { a.unverified == b.unverified }
}

/// `struct { opaque label<V> = "Liaison 1 " + label; opaque statement<V>; }`
private func signedBytes(_ label: String, _ statement: [UInt8]) -> [UInt8] {
  var encoder = TLSEncoder(reservingCapacity: statement.count + 64)
  encoder.write(string: "Liaison 1 " + label)
  encoder.write(opaque: statement)
  return encoder.bytes
}

internal import Crypto
public import TLSPresentation

public enum ComCheckTag: Sendable {}

/// Names a communication check: the first 16 bytes of the SHA-256 of the Signed check, so that nobody gives theirs the name
/// of another's.
public typealias ComCheckIdentifier = Identifier<ComCheckTag>

/// A node's statement that it asks countries' duty officers for a human acknowledgement: an exercise, always
/// (comcheck.md).
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque nonce[16];           // random
///   opaque origin<V>;           // handle of the node that asks
///   uint8 precedence;
///   uint64 started_at;          // milliseconds since 1970, origin's clock: the release
///   uint64 answer_by;           // what comes later does not count; at most 24 hours after the release
///   opaque exercise<V> = "EXERCISE EXERCISE EXERCISE";
/// } ComCheck;
/// ```
public struct ComCheck: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "communication check"
  /// What every check is marked with, wherever it is shown.
  public static let exercise = "EXERCISE EXERCISE EXERCISE"
  /// The member part of the role that is asked in each country.
  public static let roleName = "duty-officer"

  /// 16 random bytes, so that no two checks are the same.
  public var nonce: [UInt8]
  public var origin: Handle
  public var precedence: Precedence
  public var startedAt: Timestamp
  public var answerBy: Timestamp

  public var handle: Handle { origin }

  public init(
    nonce: [UInt8], origin: Handle, precedence: Precedence, startedAt: Timestamp, answerBy: Timestamp
  ) throws(ModelError) {
    guard nonce.count == 16 else { throw .malformed("a communication check's nonce is 16 bytes") }
    guard startedAt < answerBy, answerBy <= startedAt.adding(milliseconds: Limits.checkMillisecondsMax) else {
      throw .malformed("a communication check takes at most 24 hours")
    }
    self.nonce = nonce
    self.origin = origin
    self.precedence = precedence
    self.startedAt = startedAt
    self.answerBy = answerBy
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a communication check has an unknown format") }
    let nonce = try decoder.read(fixed: 16)
    let origin = try decoder.read(Handle.self)
    guard let precedence = Precedence(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("a communication check has an unknown precedence")
    }
    let startedAt = try decoder.read(Timestamp.self)
    let answerBy = try decoder.read(Timestamp.self)
    guard try decoder.readString(bound: 64) == Self.exercise else {
      throw .invalid("a communication check is not marked as an exercise")
    }
    do {
      try self.init(
        nonce: nonce, origin: origin, precedence: precedence, startedAt: startedAt, answerBy: answerBy)
    } catch { throw .invalid("a communication check breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(fixed: nonce)
    encoder.write(origin)
    encoder.write(precedence.rawValue)
    encoder.write(startedAt)
    encoder.write(answerBy)
    encoder.write(string: Self.exercise)
  }

  /// The role that is asked at a node.
  public static func role(at handle: Handle) -> Address {
    guard let address = try? Address(member: roleName, handle: handle) else {
      preconditionFailure("the name of the role is not one of an address")
    }
    return address
  }
}

extension Unverified<ComCheck> {
  /// SHA-256 of the Signed check, 32 bytes: what receipts and answers name.
  public var digest: [UInt8] { Array(SHA256.hash(data: tlsEncoded)) }

  /// What the check is called.
  public var name: ComCheckIdentifier { ComCheckIdentifier(ofCheckDigest: digest) }
}

extension ComCheckIdentifier {
  /// The name of the check that a receipt or an answer is to, by the digest in it: 32 bytes.
  public init(ofCheckDigest digest: [UInt8]) {
    guard let name = try? Self(bytes: Array(digest.prefix(16))) else { preconditionFailure("a digest is 32 bytes") }
    self = name
  }
}

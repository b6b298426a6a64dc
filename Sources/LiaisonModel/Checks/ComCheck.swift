internal import Crypto
public import TLSPresentation

public enum ComCheckTag: Sendable {}

/// Names a communication check.
public typealias ComCheckIdentifier = Identifier<ComCheckTag>

/// A node's statement that it asks countries' duty officers for a human acknowledgement: an exercise, always
/// (comcheck.md).
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque check[16];
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

  public var identifier: ComCheckIdentifier
  public var origin: Handle
  public var precedence: Precedence
  public var startedAt: Timestamp
  public var answerBy: Timestamp

  public var handle: Handle { origin }

  public init(
    identifier: ComCheckIdentifier, origin: Handle, precedence: Precedence, startedAt: Timestamp, answerBy: Timestamp
  ) throws(ModelError) {
    guard startedAt < answerBy, answerBy <= startedAt.adding(milliseconds: Limits.checkMillisecondsMax) else {
      throw .malformed("a communication check takes at most 24 hours")
    }
    self.identifier = identifier
    self.origin = origin
    self.precedence = precedence
    self.startedAt = startedAt
    self.answerBy = answerBy
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a communication check has an unknown format") }
    let identifier = try decoder.read(ComCheckIdentifier.self)
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
        identifier: identifier, origin: origin, precedence: precedence, startedAt: startedAt, answerBy: answerBy)
    } catch { throw .invalid("a communication check breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(identifier)
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
}

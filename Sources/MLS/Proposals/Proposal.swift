public import TLSPresentation

/// RFC 9420 §17.4.
public struct ProposalType: CodePoint {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let add = ProposalType(rawValue: 1)
  public static let update = ProposalType(rawValue: 2)
  public static let remove = ProposalType(rawValue: 3)
  public static let psk = ProposalType(rawValue: 4)
  public static let reInit = ProposalType(rawValue: 5)
  public static let externalInit = ProposalType(rawValue: 6)
  public static let groupContextExtensions = ProposalType(rawValue: 7)

  /// The types that every client supports and none lists (§7.2).
  public var isDefault: Bool { (1...7).contains(rawValue) }

  /// §12.1.8.
  package var isAllowedForExternalSender: Bool {
    switch self {
    case .add, .remove, .psk, .reInit, .groupContextExtensions: true
    default: false
    }
  }

  /// §12.4. A type that this library does not know is taken to need a path.
  package var requiresPath: Bool {
    switch self {
    case .add, .psk, .reInit: false
    default: true
    }
  }
}

/// A change that a commit may make (RFC 9420 §12.1).
public enum Proposal: Hashable, Sendable, TLSCodable {
  case add(KeyPackage)
  case update(LeafNode)
  case remove(LeafIndex)
  case preSharedKey(PreSharedKeyID)
  case reInit(ReInit)
  case externalInit(kemOutput: [UInt8])
  case groupContextExtensions([Extension])
  /// A proposal of a type that this library does not know, carried as one byte string.
  case unknown(ProposalType, [UInt8])

  public var type: ProposalType {
    switch self {
    case .add: .add
    case .update: .update
    case .remove: .remove
    case .preSharedKey: .psk
    case .reInit: .reInit
    case .externalInit: .externalInit
    case .groupContextExtensions: .groupContextExtensions
    case .unknown(let type, _): type
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(type)
    encodeBody(to: &encoder)
  }

  package func encodeBody(to encoder: inout TLSEncoder) {
    switch self {
    case .add(let keyPackage): encoder.write(keyPackage)
    case .update(let leaf): encoder.write(leaf)
    case .remove(let index): encoder.write(index)
    case .preSharedKey(let id): encoder.write(id)
    case .reInit(let reInit): encoder.write(reInit)
    case .externalInit(let kemOutput): encoder.write(opaque: kemOutput)
    case .groupContextExtensions(let extensions): encoder.write(vector: extensions)
    case .unknown(_, let bytes): encoder.write(opaque: bytes)
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let type: ProposalType = try decoder.read()
    self = try Proposal(body: type, from: &decoder)
  }

  package init(body type: ProposalType, from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch type {
    case .add: self = .add(try decoder.read())
    case .update: self = .update(try decoder.read())
    case .remove: self = .remove(try decoder.read())
    case .psk: self = .preSharedKey(try decoder.read())
    case .reInit: self = .reInit(try decoder.read())
    case .externalInit: self = .externalInit(kemOutput: try decoder.readOpaque())
    case .groupContextExtensions: self = .groupContextExtensions(try decoder.readVector())
    default: self = .unknown(type, try decoder.readOpaque())
    }
  }
}

/// The parameters of the group that takes this one's place (RFC 9420 §12.1.5).
public struct ReInit: Hashable, Sendable, TLSCodable {
  public let groupID: [UInt8]
  public let version: ProtocolVersion
  public let cipherSuite: CipherSuite
  public let extensions: [Extension]

  public init(groupID: [UInt8], cipherSuite: CipherSuite, extensions: [Extension]) {
    self.groupID = groupID
    version = .mls10
    self.cipherSuite = cipherSuite
    self.extensions = extensions
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: groupID)
    encoder.write(version)
    encoder.write(cipherSuite)
    encoder.write(vector: extensions)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    groupID = try decoder.readOpaque()
    version = try decoder.read()
    cipherSuite = try decoder.read()
    extensions = try decoder.readVector()
  }
}

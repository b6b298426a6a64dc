public import TLSPresentation

/// Everything that MLS sends (RFC 9420 §6). Decoding one verifies nothing.
public enum MLSMessage: Hashable, Sendable, TLSCodable {
  case publicMessage(PublicMessage)
  case privateMessage(PrivateMessage)
  case welcome(Welcome)
  case groupInfo(GroupInfo)
  case keyPackage(KeyPackage)

  /// Reads a message that is all of `bytes`.
  public init(_ bytes: [UInt8]) throws(MLSError) {
    self = try MLSMessage(decoding: bytes)
  }

  public var wireFormat: WireFormat {
    switch self {
    case .publicMessage: .publicMessage
    case .privateMessage: .privateMessage
    case .welcome: .welcome
    case .groupInfo: .groupInfo
    case .keyPackage: .keyPackage
    }
  }

  /// The group that the message is for, where it says so in clear. Unverified.
  public var groupID: [UInt8]? {
    switch self {
    case .publicMessage(let message): message.groupID
    case .privateMessage(let message): message.groupID
    case .groupInfo(let groupInfo): groupInfo.groupContext.groupID
    case .welcome, .keyPackage: nil
    }
  }

  /// The epoch in which the message was sent, where it says so in clear. Unverified.
  public var epoch: UInt64? {
    switch self {
    case .publicMessage(let message): message.epoch
    case .privateMessage(let message): message.epoch
    case .groupInfo(let groupInfo): groupInfo.groupContext.epoch
    case .welcome, .keyPackage: nil
    }
  }

  /// What a public or private message carries. Unverified.
  public var contentType: ContentType? {
    switch self {
    case .publicMessage(let message): message.contentType
    case .privateMessage(let message): message.contentType
    case .welcome, .groupInfo, .keyPackage: nil
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(ProtocolVersion.mls10)
    encoder.write(wireFormat)
    switch self {
    case .publicMessage(let message): encoder.write(message)
    case .privateMessage(let message): encoder.write(message)
    case .welcome(let welcome): encoder.write(welcome)
    case .groupInfo(let groupInfo): encoder.write(groupInfo)
    case .keyPackage(let keyPackage): encoder.write(keyPackage)
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let version: ProtocolVersion = try decoder.read()
    guard version == .mls10 else { throw .unknownValue(UInt64(version.rawValue)) }
    switch try decoder.read(WireFormat.self) {
    case .publicMessage: self = .publicMessage(try decoder.read())
    case .privateMessage: self = .privateMessage(try decoder.read())
    case .welcome: self = .welcome(try decoder.read())
    case .groupInfo: self = .groupInfo(try decoder.read())
    case .keyPackage:
      let keyPackage: KeyPackage = try decoder.read()
      guard keyPackage.version == version else { throw .invalid("the key package is of another version") }
      self = .keyPackage(keyPackage)
    case let other: throw .unknownValue(UInt64(other.rawValue))
    }
  }
}

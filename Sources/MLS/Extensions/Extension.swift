public import TLSPresentation

/// RFC 9420 §17.3.
public struct ExtensionType: CodePoint {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let applicationID = ExtensionType(rawValue: 1)
  public static let ratchetTree = ExtensionType(rawValue: 2)
  public static let requiredCapabilities = ExtensionType(rawValue: 3)
  public static let externalPub = ExtensionType(rawValue: 4)
  public static let externalSenders = ExtensionType(rawValue: 5)
  /// Of draft-ietf-mls-extensions: marks a key package that may be used more than once.
  public static let lastResort = ExtensionType(rawValue: 0x000A)

  /// The types that every client supports and none lists (§7.2).
  public var isDefault: Bool { (1...5).contains(rawValue) }
}

/// RFC 9420 §13.4; what the bytes mean is the type's matter.
public struct Extension: Hashable, Sendable, TLSCodable {
  public var type: ExtensionType
  public var data: [UInt8]

  public init(type: ExtensionType, data: [UInt8]) {
    self.type = type
    self.data = data
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(type)
    encoder.write(opaque: data)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    type = try decoder.read()
    data = try decoder.readOpaque()
  }
}

extension [Extension] {
  /// The data of the extension of this type, if the list has one.
  public func data(of type: ExtensionType) -> [UInt8]? {
    first { $0.type == type }?.data
  }

  /// The extension of this type, read as a `Value`, if the list has one.
  package func value<Value: TLSDecodable>(of type: ExtensionType, as _: Value.Type = Value.self) throws(MLSError)
    -> Value?
  {
    guard let data = data(of: type) else { return nil }
    return try Value(decoding: data)
  }

  /// RFC 9420 §13.4: at most one extension of each type.
  package func validateUnique() throws(MLSError) {
    var seen: Set<ExtensionType> = []
    // [val 13.4-1]
    for element in self where !seen.insert(element.type).inserted { throw .invalid(.duplicateExtension) }
  }

  /// Throws unless these can be a group context's.
  package func validateAsGroupContext() throws(MLSError) {
    try validateUnique()
    // [val 12.1-6] What belongs to a GroupInfo or a leaf has no meaning here.
    guard allSatisfy({ ![.ratchetTree, .externalPub, .applicationID].contains($0.type) }) else {
      throw .invalid(.groupContextExtensions)
    }
  }
}

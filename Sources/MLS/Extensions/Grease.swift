/// Random values that every client must ignore (RFC 9420 §13.5), so that one that does not is noticed early. They go into
/// what is sent, and have no meaning where they are received.
package enum Grease {
  /// 0x0A0A, 0x1A1A, and so on up to 0xEAEA.
  package static let values: [UInt16] = (0..<15).map { 0x0A0A | $0 << 12 | $0 << 4 }

  package static func value(_ random: RandomSource) -> UInt16 {
    values[random.bytes(1).reduce(0) { Int($1) + $0 } % values.count]
  }

  /// With up to 15 bytes of data.
  package static func `extension`(_ random: RandomSource) -> Extension {
    let count = random.bytes(1).reduce(0) { Int($1) + $0 } % 16
    return Extension(type: ExtensionType(rawValue: value(random)), data: random.bytes(count))
  }
}

extension CodePoint {
  package var isGrease: Bool { Grease.values.contains(rawValue) }
}

extension [Extension] {
  package var hasGrease: Bool { contains { $0.type.isGrease } }

  /// These and a GREASE extension, unless there is one.
  package func greased(_ random: RandomSource) -> [Extension] {
    hasGrease ? self : self + [Grease.extension(random)]
  }
}

extension Proposal {
  /// Whether it has a GREASE value where none may be sent.
  package var hasGrease: Bool {
    switch self {
    case .groupContextExtensions(let extensions): extensions.hasGrease
    case .reInit(let reInit): reInit.extensions.hasGrease
    default: type.isGrease
    }
  }
}

extension Capabilities {
  /// These with a GREASE value in each list but that of versions.
  package func greased(_ random: RandomSource) -> Capabilities {
    var result = self
    func add<Value: CodePoint>(to list: inout [Value]) {
      guard !list.contains(where: \.isGrease) else { return }
      list.append(Value(rawValue: Grease.value(random)))
    }
    add(to: &result.cipherSuites)
    add(to: &result.extensions)
    add(to: &result.proposals)
    add(to: &result.credentials)
    return result
  }

  /// What a client that lists these supports itself.
  package var withoutGrease: Capabilities {
    var result = self
    result.cipherSuites.removeAll(where: \.isGrease)
    result.extensions.removeAll(where: \.isGrease)
    result.proposals.removeAll(where: \.isGrease)
    result.credentials.removeAll(where: \.isGrease)
    return result
  }

  /// These with what a leaf must list since it uses it, and without what none may list (RFC 9420 §7.2).
  package func completed(for suite: Suite, _ credential: Credential, _ used: [Extension]) -> Capabilities {
    var result = self
    if !result.versions.contains(.mls10) { result.versions.append(.mls10) }
    if !result.cipherSuites.contains(suite.cipherSuite) { result.cipherSuites.append(suite.cipherSuite) }
    if !result.credentials.contains(credential.type) { result.credentials.append(credential.type) }
    result.extensions.removeAll { $0.isDefault }
    result.proposals.removeAll { $0.isDefault }
    for element in used where !result.supports(element.type) { result.extensions.append(element.type) }
    return result
  }
}

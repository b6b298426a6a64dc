/// RFC 9420 §7.3, in three parts: what a leaf shows by itself, what it must be in its group, and what it must be among the
/// other leaves.
extension LeafNode {
  /// Where a leaf is found.
  package enum Place: Sendable {
    case keyPackage
    case update(Position)
    case commit(Position)
    /// In the tree of a group that is joined: from any source.
    case tree(Position)
  }

  /// - Parameters:
  ///   - now: nil where an expired lifetime is accepted: RFC 9420 §7.3 makes the check a recommendation for what is
  ///     received, since a leaf may have expired on its way, and a member that refuses what others accepted is out of the
  ///     group.
  ///   - maximumLifetime: the application's bound on the length of a lifetime, in seconds.
  package func validate(_ suite: Suite, _ place: Place, now: UInt64?, maximumLifetime: UInt64) throws(MLSError) {
    let hasValidSignature: Bool
    switch (place, source) {
    // [val 7.3-8]
    case (.keyPackage, .keyPackage), (.tree, .keyPackage): hasValidSignature = hasValidKeyPackageSignature(suite)
    case (.update(let position), .update), (.commit(let position), .commit), (.tree(let position), .update),
      (.tree(let position), .commit):
      hasValidSignature = self.hasValidSignature(suite, position: position)
    default: throw .invalid(.leafNodeSource)
    }
    // [val 7.3-1]
    guard hasValidSignature else { throw .invalid(.leafNodeSignature) }
    // [val 7.3-15]
    do {
      try suite.validate(encryptionKey)
    } catch {
      throw .invalid(.leafNodeKey)
    }
    // [val 7.3-13]
    guard capabilities.versions.contains(.mls10), capabilities.cipherSuites.contains(suite.cipherSuite) else {
      throw .invalid(.leafNodeCapabilities)
    }
    // [val 7.3-12]
    guard capabilities.supports(credential.type) else { throw .invalid(.leafNodeCredentialNotInCapabilities) }
    try extensions.validateUnique()
    // [val 7.3-7]
    guard extensions.allSatisfy({ capabilities.supports($0.type) }) else {
      throw .invalid(.leafNodeExtensionNotInCapabilities)
    }
    if case .keyPackage(let lifetime) = source {
      // [val 7.3-5]
      if let now, !lifetime.contains(now) { throw .invalid(.leafNodeLifetime) }
      // [val 7.3-6]
      guard let length = lifetime.length, length <= maximumLifetime else { throw .invalid(.leafNodeLifetimeTooLong) }
    }
  }

  /// What the group context asks of every leaf.
  package func validate(against groupExtensions: [Extension]) throws(MLSError) {
    try capabilities.validate(against: groupExtensions)
  }
}

extension Capabilities {
  package func validate(against groupExtensions: [Extension]) throws(MLSError) {
    // [val 7.3-2]
    if let required = try groupExtensions.value(of: .requiredCapabilities, as: RequiredCapabilities.self),
      !satisfies(required)
    {
      throw .invalid(.leafNodeRequiredCapabilities)
    }
    // [val 7.3-14] (§13.4)
    guard groupExtensions.allSatisfy({ supports($0.type) }) else { throw .invalid(.leafNodeGroupExtensionUnsupported) }
  }
}

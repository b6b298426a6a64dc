public import TLSPresentation

/// The secrets that a new member gets (RFC 9420 §12.4.3.1).
package struct GroupSecrets: Sendable, Equatable, TLSCodable {
  package let joinerSecret: Secret
  package let pathSecret: Secret?
  package let preSharedKeys: [PreSharedKeyID]

  package init(joinerSecret: Secret, pathSecret: Secret?, preSharedKeys: [PreSharedKeyID]) {
    self.joinerSecret = joinerSecret
    self.pathSecret = pathSecret
    self.preSharedKeys = preSharedKeys
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(sealing: joinerSecret)
    encoder.write(UInt8(pathSecret == nil ? 0 : 1))
    if let pathSecret { encoder.write(sealing: pathSecret) }
    encoder.write(vector: preSharedKeys)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    joinerSecret = try decoder.readSecret()
    switch try decoder.read(UInt8.self) {
    case 0: pathSecret = nil
    case 1: pathSecret = try decoder.readSecret()
    case let other: throw .unknownValue(UInt64(other))
    }
    preSharedKeys = try decoder.readVector()
  }
}

/// The group's secrets, encrypted to one new member.
package struct EncryptedGroupSecrets: Hashable, Sendable, TLSCodable {
  package let newMember: KeyPackageRef
  package let encryptedGroupSecrets: HPKECiphertext

  package init(newMember: KeyPackageRef, encryptedGroupSecrets: HPKECiphertext) {
    self.newMember = newMember
    self.encryptedGroupSecrets = encryptedGroupSecrets
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(newMember)
    encoder.write(encryptedGroupSecrets)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    newMember = try decoder.read()
    encryptedGroupSecrets = try decoder.read()
  }
}

/// The invitation of one or more new members into a group (RFC 9420 §12.4.3.1).
public struct Welcome: Hashable, Sendable, TLSCodable {
  public let cipherSuite: CipherSuite
  package let secrets: [EncryptedGroupSecrets]
  package let encryptedGroupInfo: [UInt8]

  /// The key packages that it is for.
  public var newMembers: [KeyPackageRef] { secrets.map(\.newMember) }

  /// Encrypts a group info and its secrets to new members.
  package init(
    _ suite: Suite, groupInfo: GroupInfo, schedule: KeySchedule, preSharedKeys: [PreSharedKeyID],
    newMembers: [(keyPackage: KeyPackage, pathSecret: Secret?)]
  ) throws(MLSError) {
    cipherSuite = suite.cipherSuite
    let (key, nonce) = KeySchedule.welcomeKey(suite, schedule.welcomeSecret)
    encryptedGroupInfo = try suite.seal(groupInfo.tlsEncoded, key: key, nonce: nonce, authenticating: [])
    var secrets: [EncryptedGroupSecrets] = []
    for (keyPackage, pathSecret) in newMembers {
      let groupSecrets = GroupSecrets(
        joinerSecret: schedule.joinerSecret, pathSecret: pathSecret, preSharedKeys: preSharedKeys)
      var plaintext = groupSecrets.tlsEncoded
      defer { wipe(&plaintext) }
      let ciphertext = try suite.encryptWithLabel(
        keyPackage.initKey, "Welcome", context: encryptedGroupInfo, plaintext)
      secrets.append(
        EncryptedGroupSecrets(newMember: try keyPackage.reference(), encryptedGroupSecrets: ciphertext))
    }
    self.secrets = secrets
  }

  /// The secrets for one of this client's key packages.
  package func groupSecrets(for reference: KeyPackageRef, initKey: HPKEPrivateKey) throws(MLSError) -> GroupSecrets {
    let suite = try Suite(cipherSuite)
    // [val 12.4.3-1]
    guard let entry = secrets.first(where: { $0.newMember == reference }) else {
      throw .invalid(.welcomeNotForKeyPackage)
    }
    let plaintext = try suite.decryptWithLabel(
      initKey, "Welcome", context: encryptedGroupInfo, entry.encryptedGroupSecrets)
    var bytes = plaintext.exposedBytes
    defer { wipe(&bytes) }
    return try GroupSecrets(decoding: bytes)
  }

  /// The group info, whose signature is still to be verified.
  package func groupInfo(_ secrets: GroupSecrets, pskSecret: Secret) throws(MLSError) -> GroupInfo {
    let suite = try Suite(cipherSuite)
    let welcomeSecret = KeySchedule.welcomeSecret(suite, joinerSecret: secrets.joinerSecret, pskSecret: pskSecret)
    let (key, nonce) = KeySchedule.welcomeKey(suite, welcomeSecret)
    return try GroupInfo(decoding: suite.open(encryptedGroupInfo, key: key, nonce: nonce, authenticating: []))
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(cipherSuite)
    encoder.write(vector: secrets)
    encoder.write(opaque: encryptedGroupInfo)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    cipherSuite = try decoder.read()
    secrets = try decoder.readVector()
    encryptedGroupInfo = try decoder.readOpaque()
  }
}

internal import Crypto
internal import FoundationEssentials
package import LiaisonModel
package import NIOSSL
internal import SwiftASN1
internal import X509

/// What this side proves itself with: an Ed25519 key in a self-signed certificate. Only the key means anything; the
/// certificate's other fields are the same for everybody.
package struct LinkIdentity: Sendable {
  /// 32 bytes.
  package let publicKey: [UInt8]
  private let certificate: NIOSSLCertificate
  private let privateKey: NIOSSLPrivateKey

  /// For a node.
  package init(_ key: SigningKey<NodePurpose>) { self.init(seed: key.seed, publicKey: key.publicKey.bytes) }

  /// For a device.
  package init(_ key: SigningKey<DeviceLinkPurpose>) { self.init(seed: key.seed, publicKey: key.publicKey.bytes) }

  private init(seed: [UInt8], publicKey: [UInt8]) {
    self.publicKey = publicKey
    do {
      let key = Certificate.PrivateKey(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
      let name = try DistinguishedName { CommonName("liaison") }
      // RFC 5280 §4.1.2.5: a certificate without a well-defined last day ends with the year 9999.
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(bytes: publicKey.prefix(8).map { $0 & 0x7F | 0x01 }),
        publicKey: key.publicKey, notValidBefore: Date(timeIntervalSince1970: 0),
        notValidAfter: Date(timeIntervalSince1970: 253_402_300_799), issuer: name, subject: name,
        signatureAlgorithm: .ed25519, extensions: Certificate.Extensions(), issuerPrivateKey: key)
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      self.certificate = try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
      privateKey = try NIOSSLPrivateKey(bytes: key.serializeAsPEM().derBytes, format: .der)
    } catch {
      // The seed is a valid key's, and nothing else goes in: only a fault of our own leads here.
      preconditionFailure("a certificate for a link could not be made: \(error)")
    }
  }

  /// TLS 1.3 with X25519MLKEM768 and Ed25519, and nothing else.
  package func tlsConfiguration(for kinds: [LinkKind], isServer: Bool) -> TLSConfiguration {
    var configuration =
      isServer
      ? TLSConfiguration.makeServerConfiguration(
        certificateChain: [.certificate(certificate)], privateKey: .privateKey(privateKey))
      : TLSConfiguration.makeClientConfiguration()
    configuration.certificateChain = [.certificate(certificate)]
    configuration.privateKey = .privateKey(privateKey)
    configuration.minimumTLSVersion = .tlsv13
    configuration.maximumTLSVersion = .tlsv13
    configuration.curves = [.x25519_MLKEM768]
    configuration.signingSignatureAlgorithms = [.ed25519]
    configuration.verifySignatureAlgorithms = [.ed25519]
    // A certificate is demanded; what it is worth is decided by its key alone.
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([])
    configuration.applicationProtocols = kinds.map(\.rawValue)
    configuration.shutdownTimeout = .seconds(1)
    return configuration
  }

  func context(for kinds: [LinkKind], isServer: Bool) -> NIOSSLContext {
    do {
      return try NIOSSLContext(configuration: tlsConfiguration(for: kinds, isServer: isServer))
    } catch {
      preconditionFailure("the settings of TLS were not taken: \(error)")
    }
  }
}

extension NIOSSLCertificate {
  /// The 32 bytes of an Ed25519 key; `nil` for a key of any other kind.
  var ed25519Key: [UInt8]? {
    // SubjectPublicKeyInfo of RFC 8410 §4: SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING }.
    let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    guard let spki = try? extractPublicKey().toSPKIBytes(), spki.count == 44, spki.starts(with: prefix) else {
      return nil
    }
    return Array(spki.dropFirst(prefix.count))
  }
}

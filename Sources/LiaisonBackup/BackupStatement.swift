package import LiaisonModel
package import TLSPresentation

/// The owner's statement over a whole backup.
package struct BackupStatement<Owner: KeyPurpose>: Statement {
  package typealias Signer = Owner
  package static var label: String { "backup" }

  /// Whose it is: a member's address, or a node's handle.
  package var owner: String
  package var madeAt: Timestamp
  /// SHA-256 of everything that stands before the statement, 32 bytes.
  package var digest: [UInt8]

  init(owner: String, madeAt: Timestamp, digest: [UInt8]) {
    self.owner = owner
    self.madeAt = madeAt
    self.digest = digest
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a backup's statement has an unknown format") }
    owner = try decoder.readString(bound: 255)
    madeAt = try decoder.read()
    digest = try decoder.read(fixed: 32)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(string: owner)
    encoder.write(madeAt)
    encoder.write(fixed: digest)
  }
}

/// What a backup holds, sealed at its head.
struct BackupHead: TLSCodable {
  struct File: TLSCodable {
    let name: String
    /// Bytes.
    let size: UInt64

    init(name: String, size: UInt64) {
      self.name = name
      self.size = size
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      name = try decoder.readString(bound: 255)
      size = try decoder.read()
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(string: name)
      encoder.write(size)
    }
  }

  let owner: String
  let madeAt: Timestamp
  /// The public key that signed the backup, 32 bytes.
  let signer: [UInt8]
  /// Of the cipher that encrypts the files, 32 bytes.
  let key: [UInt8]
  let files: [File]

  init(owner: String, madeAt: Timestamp, signer: [UInt8], key: [UInt8], files: [File]) {
    self.owner = owner
    self.madeAt = madeAt
    self.signer = signer
    self.key = key
    self.files = files
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a backup's head has an unknown format") }
    owner = try decoder.readString(bound: 255)
    madeAt = try decoder.read()
    signer = try decoder.read(fixed: 32)
    key = try decoder.read(fixed: 32)
    files = try decoder.readVector()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(string: owner)
    encoder.write(madeAt)
    encoder.write(fixed: signer)
    encoder.write(fixed: key)
    encoder.write(vector: files)
  }
}

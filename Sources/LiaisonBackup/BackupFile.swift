internal import Crypto
package import LiaisonModel
package import Sodium
internal import TLSPresentation

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A backup in one file: the key file that opens it, as it lies on the owner's disk, and the owner's files, encrypted and
/// signed. It is read and written from beginning to end, so that memory does not grow with it.
///
/// ```
/// 8   "liaisonb"
/// 1   version, 1
/// 4   length of the key file, and the key file
/// 4   length of the head, and the head: a BackupHead, sealed by the store key with the context "liaison backup"
///     the files, one behind the other, in chunks of 1 MiB that DocumentCipher encrypts under the head's key
///     the statement: a signed BackupStatement, to the end of the file
/// ```
package enum BackupFile {
  private static let magic = Array("liaisonb".utf8) + [1]
  private static let context = Array("liaison backup".utf8)
  private static let chunkBytes = 1 << 20
  private static let keyFileBytesMax = 4096
  private static let headBytesMax = 4 << 20
  private static let statementBytesMax = 4096

  /// What a backup says of itself, once that was verified.
  package struct Contents: Sendable {
    package let owner: String
    package let madeAt: Timestamp
    /// The public key that signed it, 32 bytes.
    package let signer: [UInt8]
    /// Names and sizes in bytes.
    package let files: [(name: String, size: UInt64)]

    /// All files together, bytes.
    package var size: UInt64 { files.reduce(0) { $0 &+ $1.size } }
  }

  // MARK: Writing

  /// Writes `files`, which must not change meanwhile, to a new file at `path`; one that is there is not touched. It has
  /// its name once it is on disk as a whole. Throws ``BackupError`` and `FileError`.
  package static func write<Owner: KeyPurpose>(
    to path: String, _ files: [(name: String, path: String)], of owner: String, at madeAt: Timestamp,
    keyFile: [UInt8], under storeKey: StoreKey, signedBy signingKey: SigningKey<Owner>
  ) throws {
    guard access(path, F_OK) != 0 else { throw FileError(.create, path: path, errorNumber: EEXIST) }
    let draft = "\(path).new-\(Hex.encode(secureRandom(count: 6)))"
    do {
      let output = Hashed(try SequentialFile(creating: draft))
      let sources = try files.map { (name: $0.name, file: try SequentialFile(reading: $0.path)) }
      var key = secureRandom(count: DocumentCipher.keyLength)
      defer { wipe(&key) }
      let head = BackupHead(
        owner: owner, madeAt: madeAt, signer: signingKey.publicKey.bytes, key: key,
        files: try sources.map { BackupHead.File(name: $0.name, size: try $0.file.size) })
      try output.write(magic + length(keyFile.count) + keyFile)
      let sealed = storeKey.seal(head.tlsEncoded, context: context)
      try output.write(length(sealed.count) + sealed)
      let cipher = try DocumentCipher(key: key.withUnsafeBytes { SecretBytes(copying: $0) })
      var chunks = ChunkCounter(size: head.files.reduce(0) { $0 + $1.size })
      var buffer: [UInt8] = []
      for (source, file) in zip(sources, head.files) {
        var rest = file.size
        while rest > 0 {
          let part = try source.file.read(Int(min(rest, UInt64(chunkBytes - buffer.count))))
          guard !part.isEmpty else { throw BackupError("a file grew shorter while it was copied") }
          rest -= UInt64(part.count)
          buffer += part
          guard buffer.count == chunkBytes else { continue }
          try output.write(chunks.encrypt(&buffer, cipher))
        }
      }
      if !buffer.isEmpty { try output.write(chunks.encrypt(&buffer, cipher)) }
      let statement = BackupStatement<Owner>(owner: owner, madeAt: madeAt, digest: output.digest)
      try output.write(Signed(statement, by: signingKey).bytes)
      try output.file.flush()
      try AtomicFile.give(draft, theNewName: path)
      try AtomicFile.flushFolder(of: path)
    } catch {
      unlink(draft)
      throw error
    }
  }

  // MARK: Reading

  /// The key file in a backup.
  package static func keyFile(in path: String) throws -> [UInt8] {
    try openKeyFile(Hashed(SequentialFile(reading: path)))
  }

  /// Reads a whole backup, verifies it, and writes its files into `folder`, which holds nothing of these names. What was
  /// written counts for nothing where this throws. `name` says what each file is called there; `nil` leaves it out.
  package static func read<Owner: KeyPurpose>(
    _ path: String, under storeKey: StoreKey, of: Owner.Type, into folder: String,
    as name: (String) -> String? = { $0 }
  ) throws -> Contents {
    let input = Hashed(try SequentialFile(reading: path))
    _ = try openKeyFile(input)
    let sealed = try input.readCounted(max: headBytesMax)
    guard let encoded = try? storeKey.open(sealed, context: context),
      let head = try? BackupHead(tlsEncoded: encoded)
    else { throw BackupError.unauthentic }
    var key = head.key
    defer { wipe(&key) }
    let cipher = try DocumentCipher(key: key.withUnsafeBytes { SecretBytes(copying: $0) })
    guard Set(head.files.map(\.name)).count == head.files.count else { throw BackupError.malformed }
    var size: UInt64 = 0
    for file in head.files {
      let (sum, overflow) = size.addingReportingOverflow(file.size)
      guard !overflow, isName(file.name) else { throw BackupError.malformed }
      size = sum
    }
    var chunks = ChunkCounter(size: size)
    var buffer: [UInt8] = []
    for file in head.files {
      let output = try name(file.name).map { try SequentialFile(creating: "\(folder)/\($0)") }
      var rest = file.size
      while rest > 0 {
        if buffer.isEmpty { buffer = try chunks.decrypt(input, cipher) }
        let part = Array(buffer.prefix(Int(min(rest, UInt64(buffer.count)))))
        buffer.removeFirst(part.count)
        rest -= UInt64(part.count)
        try output?.write(part)
      }
      try output?.flush()
    }
    let digest = input.digest
    let trailer = try input.read(atMost: statementBytesMax)
    guard let statement = try? Unverified<BackupStatement<Owner>>(tlsEncoded: trailer),
      let signer = try? PublicKey<Owner>(bytes: head.signer),
      let verified = try? statement.verified(by: signer).content,
      verified.digest == digest, verified.owner == head.owner, verified.madeAt == head.madeAt
    else { throw BackupError("the backup's signature does not verify: it was altered, or is not whole") }
    return Contents(
      owner: head.owner, madeAt: head.madeAt, signer: head.signer, files: head.files.map { ($0.name, $0.size) })
  }

  private static func openKeyFile(_ input: Hashed) throws -> [UInt8] {
    guard try input.read(atMost: magic.count) == magic else { throw BackupError.malformed }
    return try input.readCounted(max: keyFileBytesMax)
  }

  /// Parts of letters, digits, `.`, `-` and `_`, none of which begins with a dot, with slashes between them.
  private static func isName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return !parts.isEmpty
      && parts.allSatisfy { part in
        !part.isEmpty && !part.hasPrefix(".")
          && part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
              true
            default: false
            }
          }
      }
  }

  private static func length(_ count: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
  }

  /// Which chunk comes next, and whether it is the last.
  private struct ChunkCounter {
    private var index: UInt64 = 0
    private var left: UInt64

    init(size: UInt64) { left = size }

    mutating func encrypt(_ buffer: inout [UInt8], _ cipher: DocumentCipher) throws -> [UInt8] {
      left -= UInt64(buffer.count)
      defer {
        index += 1
        wipe(&buffer)
        buffer = []
      }
      return cipher.encryptChunk(buffer, index: index, isLast: left == 0)
    }

    mutating func decrypt(_ input: Hashed, _ cipher: DocumentCipher) throws -> [UInt8] {
      let size = Int(min(left, UInt64(chunkBytes)))
      left -= UInt64(size)
      defer { index += 1 }
      let sealed = try input.read(exactly: size + DocumentCipher.overheadLength)
      guard let plaintext = try? cipher.decryptChunk(sealed, index: index, isLast: left == 0) else {
        throw BackupError.unauthentic
      }
      return plaintext
    }
  }
}

/// A file, and the SHA-256 of what went through it.
private final class Hashed {
  let file: SequentialFile
  private var hash = SHA256()

  init(_ file: SequentialFile) { self.file = file }

  /// Of everything until now.
  var digest: [UInt8] { Array(hash.finalize()) }

  func write(_ bytes: [UInt8]) throws {
    hash.update(data: bytes)
    try file.write(bytes)
  }

  func read(atMost count: Int) throws -> [UInt8] {
    let bytes = try file.read(count)
    hash.update(data: bytes)
    return bytes
  }

  func read(exactly count: Int) throws -> [UInt8] {
    let bytes = try read(atMost: count)
    guard bytes.count == count else { throw BackupError.truncated }
    return bytes
  }

  /// Bytes behind their length.
  func readCounted(max: Int) throws -> [UInt8] {
    let count = try read(exactly: 4).reduce(0) { $0 << 8 | Int($1) }
    guard count <= max else { throw BackupError.malformed }
    return try read(exactly: count)
  }
}

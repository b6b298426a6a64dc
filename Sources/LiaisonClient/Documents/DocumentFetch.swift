internal import Crypto
internal import LiaisonModel
internal import NIOCore
internal import Sodium
internal import TLSPresentation

/// Fetches a document of a room into a file: verifies every chunk by name and by tag as it comes, the whole by its digest
/// at the end, and gives the file its name only then. What was interrupted goes on where it stopped.
package struct DocumentFetch: Sendable {
  private static let damaged = ClientError(
    .badData, "document-damaged", "the document does not verify; nothing was kept under its name")

  /// Chunks after which the system begins to write them to the disk.
  private static let chunksToFlush = 16

  private enum Event: Sendable {
    case came(Int, ByteBuffer)
    case wrote(Int)
  }

  private let entry: HistoryEntry
  private let reference: DocumentReference
  private let path: String
  private let replacing: Bool

  /// Prepares to fetch the document of this message to `path`. Throws ``ClientError`` where the message is no document,
  /// or something has that name and is not to be replaced.
  package init(_ entry: HistoryEntry, to path: String, replacing: Bool) throws {
    guard case .document(let reference)? = entry.message?.body else {
      throw ClientError(.usage, "no-document", "this message holds no document")
    }
    guard replacing || !OpenFile.exists(path) else {
      throw ClientError(
        .cannotCreate, "file-exists", "\(path) exists already; choose another path with -o, or say --force")
    }
    self.entry = entry
    self.reference = reference
    self.path = path
    self.replacing = replacing
  }

  /// The document's size in bytes, as its sender says.
  package var size: UInt64 { reference.size }

  /// Fetches, verifies, and names the file. Gives the SHA-256 of the plaintext, 32 bytes.
  package func run(over link: BulkLink, progress: @escaping @Sendable (UInt64) -> Void) async throws -> [UInt8] {
    let cipher = try DocumentCipher(key: SecretBytes(copying: reference.key))
    let sealed = try await link.get(reference.manifest, in: entry.room, from: reference.origin)
    guard let bytes = try? cipher.decryptManifest(Array(sealed.readableBytesView)),
      let manifest = try? DocumentManifest(tlsEncoded: bytes),
      manifest.size == reference.size
    else { throw Self.damaged }
    let file = try OpenFile(writing: path + ".part")
    do { return try await fill(file, manifest, cipher, over: link, progress) } catch {
      file.abandon()
      throw error
    }
  }

  private func fill(
    _ file: OpenFile, _ manifest: DocumentManifest, _ cipher: DocumentCipher, over link: BulkLink,
    _ progress: @escaping @Sendable (UInt64) -> Void
  ) async throws -> [UInt8] {
    var digest = SHA256()
    let present = try resume(file, manifest, cipher, &digest)
    try file.truncate(to: offset(present, manifest))
    progress(offset(present, manifest))
    digest = try await fetch(from: present, manifest, cipher, file, over: link, digest, progress)
    let result = Array(digest.finalize())
    guard result == manifest.digest else {
      try file.truncate(to: 0)
      throw Self.damaged
    }
    try file.flush()
    try file.rename(to: path, replacing: replacing)
    return result
  }

  private func offset(_ index: Int, _ manifest: DocumentManifest) -> UInt64 {
    min(manifest.size, UInt64(index) * UInt64(manifest.chunkSize))
  }

  private func length(_ index: Int, _ manifest: DocumentManifest) -> Int {
    Int(offset(index + 1, manifest) - offset(index, manifest))
  }

  /// How many chunks an earlier attempt has left in the file. Encrypting them again gives their names, so that nothing
  /// else is taken for them.
  private func resume(
    _ file: OpenFile, _ manifest: DocumentManifest, _ cipher: DocumentCipher, _ digest: inout SHA256
  ) throws -> Int {
    let size = try file.status().size
    var plaintext = ByteBufferAllocator().buffer(capacity: Int(min(size, UInt64(manifest.chunkSize))))
    for (index, name) in manifest.chunks.enumerated() {
      guard offset(index + 1, manifest) <= size else { return index }
      try file.read(length(index, manifest), at: offset(index, manifest), into: &plaintext)
      let isLast = index == manifest.chunks.count - 1
      guard ChunkName(of: cipher.encryptedChunk(plaintext, index: UInt64(index), isLast: isLast)) == name else {
        return index
      }
      plaintext.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
    }
    return manifest.chunks.count
  }

  private func fetch(
    from first: Int, _ manifest: DocumentManifest, _ cipher: DocumentCipher, _ file: OpenFile, over link: BulkLink,
    _ digest: SHA256, _ progress: @escaping @Sendable (UInt64) -> Void
  ) async throws -> SHA256 {
    let count = manifest.chunks.count
    let room = entry.room
    let origin = reference.origin
    var digest = digest
    try await withThrowingTaskGroup(of: Event.self) { group in
      // Chunks are asked for a window ahead and written in their order, so that a file that stops short can go on. While
      // some are written, later ones are hashed.
      var early: [Int: ByteBuffer] = [:]
      var hashed: [ByteBuffer] = []
      var isWriting = false
      var failure: (any Error)?
      var (asked, next, written) = (first, first, first)
      while written < count {
        if let failure, group.isEmpty { throw failure }
        while failure == nil, asked < count, asked < written + BulkLink.windowCount {
          let (index, name) = (asked, manifest.chunks[asked])
          group.addTask {
            let ciphertext = try await link.get(name, in: room, from: origin)
            guard
              let plaintext = cipher.decryptedChunk(ciphertext, index: UInt64(index), isLast: index == count - 1),
              plaintext.readableBytes == length(index, manifest)
            else { throw Self.damaged }
            return .came(index, plaintext)
          }
          asked += 1
        }
        do {
          switch try await group.next() {
          case .came(let index, let plaintext): early[index] = plaintext
          case .wrote(let number):
            isWriting = false
            written += number
            progress(offset(written, manifest))
          // Something is always under way until all is written, or something failed.
          case nil: break
          }
        } catch {
          // What came all the same is kept for the next attempt.
          failure = failure ?? error
          continue
        }
        while let plaintext = early.removeValue(forKey: next) {
          plaintext.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
          hashed.append(plaintext)
          next += 1
        }
        if !isWriting, !hashed.isEmpty {
          let (chunks, start) = (hashed, written)
          hashed = []
          isWriting = true
          group.addTask {
            for (number, plaintext) in chunks.enumerated() {
              try file.write(plaintext, at: offset(start + number, manifest))
              if (start + number + 1).isMultiple(of: Self.chunksToFlush) { file.beginFlush() }
            }
            return .wrote(chunks.count)
          }
        }
      }
    }
    return digest
  }
}

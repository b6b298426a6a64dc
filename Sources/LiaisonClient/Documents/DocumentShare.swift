internal import Crypto
package import LiaisonModel
internal import NIOCore
internal import Sodium
internal import TLSPresentation

/// Shares a file with a room: encrypts it chunk by chunk, gives the chunks to the node, and announces it when all of them
/// are on the node's disk. Memory does not grow with the file. What was interrupted goes on where it stopped.
package struct DocumentShare: Sendable {
  private static let changed = ClientError(
    .badData, "file-changed", "the file changed or went away while it was being shared; nothing was announced")

  private let engine: Engine
  private let room: RoomIdentifier
  private let path: String
  private let file: OpenFile
  private let status: OpenFile.Status
  private let asksAboutKeys: Bool

  /// Opens the file. With `asksAboutKeys` it is not announced where the keys of somebody in the room are not those that were
  /// confirmed. Throws `FileError`, and ``ClientError`` for one that is too large.
  package init(engine: Engine, room: RoomIdentifier, path: String, asksAboutKeys: Bool = false) throws {
    self.engine = engine
    self.room = room
    self.path = path
    self.asksAboutKeys = asksAboutKeys
    file = try OpenFile(reading: path)
    status = try file.status()
    guard status.size <= Limits.documentBytesMax else {
      throw ClientError(
        .usage, "document-too-large", "a document is at most \(Limits.documentBytesMax >> 30) GiB large")
    }
  }

  /// The file's size in bytes.
  package var size: UInt64 { status.size }

  /// Uploads and announces. Gives the message that announces it, which still has to reach the node.
  package func run(
    over link: BulkLink, title: String, marking: Marking, precedence: Precedence,
    now: @Sendable () -> Timestamp, progress: @escaping @Sendable (UInt64) -> Void
  ) async throws -> MessageIdentifier {
    guard 1...Limits.titleBytesMax ~= title.utf8.count else {
      throw ClientError(.usage, "title-length", "a title is 1 to \(Limits.titleBytesMax) bytes long")
    }
    let identity = status.identity
    let (key, known) = try engine.beginShare(identity, in: room)
    let cipher = try DocumentCipher(key: SecretBytes(copying: key))
    let manifest: DocumentManifest
    do {
      manifest = try await upload(over: link, cipher, known, progress)
    } catch let error as ClientError where error == Self.changed {
      // The key has met one content already, and must not meet another.
      try engine.endShare(identity, in: room)
      throw error
    }
    let sealed = cipher.encryptManifest(manifest.tlsEncoded)
    try await link.put(ByteBuffer(bytes: sealed), in: room)
    let reference = DocumentReference(
      title: title, size: status.size, key: key, manifest: ChunkName(of: sealed),
      origin: try engine.identity.address.handle)
    return try engine.announce(
      Draft(.document(reference), precedence: precedence, marking: marking, asksAboutKeys: asksAboutKeys), of: identity,
      in: room, now: now())
  }

  private func upload(
    over link: BulkLink, _ cipher: DocumentCipher, _ known: [ChunkName],
    _ progress: @escaping @Sendable (UInt64) -> Void
  ) async throws -> DocumentManifest {
    let chunkBytes = Limits.chunkPlaintextBytes
    let count = Int((status.size + UInt64(chunkBytes) - 1) / UInt64(chunkBytes))
    guard known.count <= count else { throw Self.changed }
    var digest = SHA256()
    var names: [ChunkName] = []
    var plaintext = ByteBufferAllocator().buffer(capacity: Int(min(status.size, UInt64(chunkBytes))))
    let room = room
    let size = status.size
    try await withThrowingTaskGroup(of: Void.self) { puts in
      var underway = 0
      // One half of the window is made ready while the other is under way.
      let partCount = BulkLink.windowCount / 2
      for start in stride(from: 0, to: count, by: partCount) {
        let part = start..<min(start + partCount, count)
        var chunks: [ByteBuffer] = []
        for index in part {
          let offset = UInt64(index) * UInt64(chunkBytes)
          let expected = Int(min(UInt64(chunkBytes), size - offset))
          try file.read(expected, at: offset, into: &plaintext)
          guard plaintext.readableBytes == expected else { throw Self.changed }
          plaintext.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
          chunks.append(cipher.encryptedChunk(plaintext, index: UInt64(index), isLast: index == count - 1))
        }
        let partNames = chunks.map { ChunkName(of: $0) }
        for (index, name) in zip(part, partNames) where index < known.count && known[index] != name {
          throw Self.changed
        }
        try requireSame()
        let new = Array(partNames.dropFirst(max(0, known.count - start)))
        try engine.noteChunks(new, from: part.upperBound - new.count, of: status.identity, in: room)
        names += partNames
        // Only what an earlier attempt noted can be there already: the key is this document's alone.
        let missing = start < known.count ? try await link.missing(partNames, in: room) : Set(partNames)
        for (index, (name, chunk)) in zip(part, zip(partNames, chunks)) where missing.contains(name) {
          if underway >= partCount {
            try await puts.next()
            underway -= 1
          }
          underway += 1
          puts.addTask {
            try await link.put(chunk, in: room)
            progress(min(size, UInt64(index + 1) * UInt64(chunkBytes)))
          }
        }
      }
      try await puts.waitForAll()
    }
    try requireSame()
    return DocumentManifest(
      size: size, chunkSize: UInt32(chunkBytes), digest: Array(digest.finalize()), chunks: names)
  }

  /// Throws where the file is not what it was, or its name is another's now.
  private func requireSame() throws {
    guard try file.status() == status, let named = try? OpenFile(reading: path).status(), named == status else {
      throw Self.changed
    }
  }
}

internal import LiaisonLink
package import LiaisonModel
internal import LiaisonProtocol
package import NIOCore
internal import NIOPosix
package import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Documents' ciphertext, in files named by its hash:
///
///     documents/ab/abcd…      the chunk
///     documents/rooms/ROOM/abcd…      the same file, for each room that it belongs to
///
/// A room's claim to a chunk is a hard link, so that the chunk is stored once, a claim never stands for a chunk that is
/// not there, and a document that is being moved asks nothing of the store that messages wait for. Work on files is done
/// on threads of its own, so many that their flushes share what the disk does for one.
package struct ChunkStore: Sendable {
  /// Threads start when the first chunk comes. Hashing is left to the processor's own: here one mostly waits.
  private static let files: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 8)
    pool.start()
    return pool
  }()

  private let folder: String
  private let reserveBytes: Int
  private let usage: RoomUsage

  /// A store in `folder`, which is made where it is missing. It leaves `reserveBytes` of the disk to others, and gives no
  /// room more than `roomBytesMax`. Throws ``Sodium/FileError``.
  package init(
    folder: String, reserveBytes: Int = Limits.diskReserveBytes, roomBytesMax: Int = Limits.documentBytesPerRoomMax
  ) throws(FileError) {
    self.folder = folder
    self.reserveBytes = reserveBytes
    usage = RoomUsage(folder: folder + "/rooms", limit: roomBytesMax)
    try Self.makeFolder(folder)
    try Self.makeFolder(folder + "/rooms")
    for prefix in 0...255 { AtomicFile.removeLeftovers(in: "\(folder)/\(Hex.encode([UInt8(prefix)]))") }
  }

  /// Keeps a chunk for a room: it is on disk when this returns. Doing it again changes nothing. Throws a
  /// ``LiaisonProtocol/Frame/Failure`` where the disk, or the room, has no room for it.
  @discardableResult
  package func put(_ ciphertext: ByteBuffer, in room: RoomIdentifier) async throws -> ChunkName {
    let name = try await Self.name(of: ciphertext)
    try await put(ciphertext, as: name, in: room)
    return name
  }

  /// The same for a chunk whose name has been found.
  package func put(_ ciphertext: ByteBuffer, as name: ChunkName, in room: RoomIdentifier) async throws {
    try await offLoop { try keep(ciphertext, as: name, in: room) }
  }

  /// A chunk's name, found on no thread that others wait for.
  package static func name(of ciphertext: ByteBuffer) async throws -> ChunkName {
    try await NIOThreadPool.singleton.runIfActive { ChunkName(of: ciphertext) }
  }

  /// The chunk of that name, where it is here and belongs to the room. A file that is no longer what its name says is
  /// removed, as if it had never come.
  package func chunk(_ name: ChunkName, in room: RoomIdentifier) async throws -> ByteBuffer? {
    let place = placePath(name, room)
    guard let bytes = try await offLoop({ try read(place) }) else { return nil }
    if try await Self.name(of: bytes) == name { return bytes }
    try await offLoop {
      unlink(place)
      unlink(path(name))
    }
    return nil
  }

  /// Those of the names that the room has no chunk of, in their order.
  package func missing(_ names: [ChunkName], in room: RoomIdentifier) async throws -> [ChunkName] {
    try await offLoop { names.filter { access(placePath($0, room), F_OK) != 0 } }
  }

  /// The names of the room's chunks, in order.
  package func names(in room: RoomIdentifier) async throws -> [ChunkName] {
    try await offLoop {
      guard let stream = opendir("\(folder)/rooms/\(room)") else { return [] }
      defer { closedir(stream) }
      var names: [ChunkName] = []
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
            String(cString: $0)
          }
        }
        if let bytes = Hex.decode(name), let name = try? ChunkName(bytes: bytes) { names.append(name) }
      }
      return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }
  }

  private func offLoop<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await Self.files.runIfActive(body)
  }

  // MARK: Files

  private func path(_ name: ChunkName) -> String { "\(folder)/\(Hex.encode(name.bytes.prefix(1)))/\(name)" }

  private func placePath(_ name: ChunkName, _ room: RoomIdentifier) -> String { "\(folder)/rooms/\(room)/\(name)" }

  private func keep(_ ciphertext: ByteBuffer, as name: ChunkName, in room: RoomIdentifier) throws {
    let place = placePath(name, room)
    let roomFolder = "\(folder)/rooms/\(room)"
    // Whoever made the claim may still be flushing it.
    if access(place, F_OK) == 0 { return try Self.flushFolder(roomFolder) }
    try checkSpace(for: ciphertext.readableBytes)
    try usage.add(ciphertext.readableBytes, to: room)
    var isKept = false
    defer { if !isKept { usage.remove(ciphertext.readableBytes, from: room) } }
    let path = path(name)
    // Another room may have it; what the disk spoilt since is written again.
    let present = try read(path)
    if present != ciphertext {
      try Self.makeFolder("\(folder)/\(Hex.encode(name.bytes.prefix(1)))")
      do throws(FileError) {
        try ciphertext.withUnsafeReadableBytes { (bytes) throws(FileError) in
          try AtomicFile.write(bytes, to: path, replacing: present != nil)
        }
      } catch {
        // Somebody else has just written the same.
        guard error.exists else { throw error }
      }
    }
    try Self.makeFolder(roomFolder)
    guard link(path, place) == 0 else {
      // Somebody else has just done, and counted, the same.
      if errno == EEXIST { return try Self.flushFolder(roomFolder) }
      throw FileError(.link, path: place, errorNumber: errno)
    }
    do throws(FileError) { try Self.flushFolder(roomFolder) } catch {
      unlink(place)
      throw error
    }
    isKept = true
  }

  /// Messages go on when documents have filled their part of the disk.
  private func checkSpace(for bytes: Int) throws {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { throw FileError(.inspect, path: folder, errorNumber: errno) }
    let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    guard free.overflow || free.partialValue >= UInt64(bytes + reserveBytes) else {
      throw Frame.Failure.later(
        "the node's disk is nearly full, and what is left is kept for messages; try again later")
    }
  }

  /// `nil` where there is no such file, or one that no chunk can be.
  private func read(_ path: String) throws(FileError) -> ByteBuffer? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileError(.open, path: path, errorNumber: errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.inspect, path: path, errorNumber: errno) }
    let size = Int(status.st_size)
    guard size <= Limits.chunkBytesMax else { return nil }
    var errorNumber: Int32?
    var bytes = LargeBuffers.shared.take(size)
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { buffer in
      var filled = 0
      while filled < size {
        let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, size - filled, off_t(filled))
        if count < 0 && errno == EINTR { continue }
        if count < 0 { errorNumber = errno }
        if count <= 0 { break }
        filled += count
      }
      return filled
    }
    LargeBuffers.shared.keep(bytes)
    if let errorNumber { throw FileError(.read, path: path, errorNumber: errorNumber) }
    return bytes
  }

  private static func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o700) == 0 {
      let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      return try flushFolder(parent.isEmpty ? "/" : parent)
    }
    guard errno == EEXIST else { throw FileError(.create, path: path, errorNumber: errno) }
  }

  private static func flushFolder(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(.flush, path: path, errorNumber: errno) }
  }
}

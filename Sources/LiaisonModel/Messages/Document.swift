internal import Crypto
public import TLSPresentation

/// The name of stored ciphertext: its SHA-256, 32 bytes.
public struct ChunkName: Hashable, Sendable, CustomStringConvertible, TLSCodable {
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) throws(ModelError) {
    guard bytes.count == 32 else { throw .malformed("a chunk's name is 32 bytes") }
    self.bytes = bytes
  }

  public init(of ciphertext: [UInt8]) { self = ciphertext.withUnsafeBytes { ChunkName(of: $0) } }

  public init(of ciphertext: UnsafeRawBufferPointer) {
    var hash = SHA256()
    hash.update(bufferPointer: ciphertext)
    bytes = Array(hash.finalize())
  }

  public var description: String { Hex.encode(bytes) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { bytes = try decoder.read(fixed: 32) }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}

/// What a room is told of a document: enough to fetch its manifest and open it.
///
/// ```
/// struct {
///   opaque title<V>;
///   uint64 size;                // of the plaintext, bytes
///   opaque key[32];             // the document key
///   opaque manifest[32];        // the name of the encrypted manifest
///   opaque origin<V>;           // handle of the node it was uploaded to
/// } DocumentReference;
/// ```
public struct DocumentReference: Hashable, Sendable, TLSCodable {
  public var title: String
  public var size: UInt64
  public var key: [UInt8]
  public var manifest: ChunkName
  public var origin: Handle

  public init(title: String, size: UInt64, key: [UInt8], manifest: ChunkName, origin: Handle) {
    self.title = title
    self.size = size
    self.key = key
    self.manifest = manifest
    self.origin = origin
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    title = try decoder.readString(bound: Limits.titleBytesMax)
    size = try decoder.read()
    key = try decoder.read(fixed: 32)
    manifest = try decoder.read()
    origin = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(string: title)
    encoder.write(size)
    encoder.write(fixed: key)
    encoder.write(manifest)
    encoder.write(origin)
  }
}

/// The list of a document's chunks, in order; itself encrypted and stored like a chunk.
///
/// ```
/// struct {
///   uint8 version = 1;
///   uint64 size;                // of the plaintext, bytes
///   uint32 chunk_size;          // plaintext bytes in every chunk but the last
///   opaque digest[32];          // SHA-256 of the plaintext
///   opaque chunks<V>;           // 32-byte names, in order
/// } DocumentManifest;
/// ```
public struct DocumentManifest: Hashable, Sendable, TLSCodable {
  public var size: UInt64
  public var chunkSize: UInt32
  public var digest: [UInt8]
  public var chunks: [ChunkName]

  public init(size: UInt64, chunkSize: UInt32, digest: [UInt8], chunks: [ChunkName]) {
    self.size = size
    self.chunkSize = chunkSize
    self.digest = digest
    self.chunks = chunks
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a manifest has an unknown format") }
    size = try decoder.read()
    chunkSize = try decoder.read()
    digest = try decoder.read(fixed: 32)
    chunks = try decoder.readVector(bound: Limits.documentChunksMax * 32)
    guard chunkSize > 0, chunkSize <= UInt32(Limits.chunkPlaintextBytes), size <= Limits.documentBytesMax,
      UInt64(chunks.count) == (size + UInt64(chunkSize) - 1) / UInt64(chunkSize)
    else { throw .invalid("a manifest's size does not agree with its chunks") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(size)
    encoder.write(chunkSize)
    encoder.write(fixed: digest)
    encoder.write(vector: chunks)
  }
}

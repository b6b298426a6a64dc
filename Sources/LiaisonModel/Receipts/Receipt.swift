public import TLSPresentation

/// A node's signed statement that it durably holds a batch of envelopes: the Merkle root (RFC 9162) over their leaves.
public struct ReceiptBatch: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "receipt"

  /// The node that signs: it holds the envelopes.
  public var holder: Handle
  /// The node that sent them.
  public var origin: Handle
  /// When they were committed to disk, the holder's clock.
  public var heldAt: Timestamp
  /// Envelopes in the batch.
  public var count: UInt32
  /// 32 bytes.
  public var root: [UInt8]

  public var handle: Handle { holder }

  public init(holder: Handle, origin: Handle, heldAt: Timestamp, count: UInt32, root: [UInt8]) {
    self.holder = holder
    self.origin = origin
    self.heldAt = heldAt
    self.count = count
    self.root = root
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a receipt has an unknown format") }
    holder = try decoder.read()
    origin = try decoder.read()
    heldAt = try decoder.read()
    count = try decoder.read()
    root = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(holder)
    encoder.write(origin)
    encoder.write(heldAt)
    encoder.write(count)
    encoder.write(fixed: root)
  }
}

/// What a batch's Merkle tree holds for one envelope: its leaf is `0x00 || ReceiptLeaf` hashed (RFC 9162 §2.1.1).
///
/// `struct { opaque message[16]; opaque envelope_digest[32]; } ReceiptLeaf;`
public struct ReceiptLeaf: Hashable, Sendable, TLSCodable {
  public var message: MessageIdentifier
  /// SHA-256 of the envelope's encoding, 32 bytes.
  public var envelopeDigest: [UInt8]

  public init(message: MessageIdentifier, envelopeDigest: [UInt8]) {
    self.message = message
    self.envelopeDigest = envelopeDigest
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    message = try decoder.read()
    envelopeDigest = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(message)
    encoder.write(fixed: envelopeDigest)
  }
}

/// The proof for one envelope: the signed batch and the way from the envelope's leaf to the batch's root.
///
/// `struct { Signed<ReceiptBatch> batch; ReceiptLeaf leaf; uint32 index; opaque path<V>; } Receipt;`
public struct Receipt: Hashable, Sendable, TLSCodable {
  public var batch: Unverified<ReceiptBatch>
  public var leaf: ReceiptLeaf
  /// The leaf's position in the batch.
  public var index: UInt32
  /// Hashes of 32 bytes, from the leaf upwards; at most 32.
  public var path: [[UInt8]]

  public init(batch: Unverified<ReceiptBatch>, leaf: ReceiptLeaf, index: UInt32, path: [[UInt8]]) {
    self.batch = batch
    self.leaf = leaf
    self.index = index
    self.path = path
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    batch = try decoder.read()
    leaf = try decoder.read()
    index = try decoder.read()
    var hashes = try decoder.readVectorContent(bound: 32 * 32)
    path = []
    while !hashes.isAtEnd { path.append(try hashes.read(fixed: 32)) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(batch)
    encoder.write(leaf)
    encoder.write(index)
    encoder.write(opaque: path.flatMap { $0 })
  }
}

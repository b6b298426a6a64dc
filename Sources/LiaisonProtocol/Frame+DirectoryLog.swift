internal import FoundationEssentials
public import LiaisonModel
internal import SwiftProtobuf
internal import TLSPresentation

extension Frame {
  /// What a node knows of directories, its own and others'.
  public struct DirectoryHeads: Hashable, Sendable {
    public var heads: [Unverified<DirectoryHead>]
    public var evidence: [DirectoryEvidence]

    public init(heads: [Unverified<DirectoryHead>], evidence: [DirectoryEvidence] = []) {
      self.heads = heads
      self.evidence = evidence
    }
  }

  /// Asks what a directory log was when it was shorter.
  public struct DirectoryContinuationRequest: Hashable, Sendable {
    /// Whose log it is.
    public var handle: Handle
    /// Names the log.
    public var beganAt: Timestamp
    /// Numbers of entries.
    public var from: UInt64
    public var to: UInt64

    public init(handle: Handle, beganAt: Timestamp, from: UInt64, to: UInt64) {
      self.handle = handle
      self.beganAt = beganAt
      self.from = from
      self.to = to
    }

    /// What is asked of two heads of one log, of which the first has fewer entries; `nil` where that has none, as everything
    /// begins with nothing, or one is no head.
    public init?(lesser: Unverified<DirectoryHead>, greater: Unverified<DirectoryHead>) {
      guard let (from, to) = try? (lesser.claim(), greater.claim()), from.size > 0 else { return nil }
      self.init(handle: from.handle, beganAt: from.beganAt, from: from.size, to: to.size)
    }
  }

  /// A part of a node's own directory log, for its devices.
  public struct DirectoryRecords: Hashable, Sendable {
    public var head: Unverified<DirectoryHead>
    /// The index of the first of the records.
    public var from: UInt64
    /// At most ``LiaisonModel/Limits/directoryRecordsMax``.
    public var records: [DirectoryRecord]

    public init(head: Unverified<DirectoryHead>, from: UInt64, records: [DirectoryRecord]) {
      self.head = head
      self.from = from
      self.records = records
    }
  }
}

// MARK: On the wire

extension Frame.DirectoryAnswer {
  /// The verified cards and head, where the head and every card are signed by the node of this card and every card is in
  /// the log under that head; no head where there is no card. Throws ``ModelError`` otherwise.
  public func verified(by nodeCard: Signed<NodeCard>) throws(ModelError) -> (
    cards: [Signed<MemberCard>], head: Signed<DirectoryHead>?
  ) {
    guard !cards.isEmpty else { return ([], nil) }
    guard let head, inclusions.count == cards.count else {
      throw .mismatch("the directory's answer comes without the proof that its cards are in the directory")
    }
    let signedHead = try head.verified(by: nodeCard)
    var verified: [Signed<MemberCard>] = []
    for (card, inclusion) in zip(cards, inclusions) {
      let signed = try card.verified(by: nodeCard)
      try inclusion.check(card, of: signed.content.address, under: signedHead.content)
      verified.append(signed)
    }
    return (verified, signedHead)
  }
}

extension Frame.DirectoryHeads {
  init(_ wire: Liaison_Link_V1_DirectoryHeads) throws {
    guard wire.heads.count <= Limits.directoryHeadsMax, wire.evidence.count <= Limits.directoryEvidenceMax,
      wire.evidence.allSatisfy({ $0.count <= Limits.directoryEvidenceBytesMax })
    else { throw FrameError("too many heads of directories at once") }
    self.init(
      heads: try wire.heads.map { try Unverified(tlsEncoded: Array($0)) },
      evidence: try wire.evidence.map { try DirectoryEvidence(tlsEncoded: Array($0)) })
  }

  var wire: Liaison_Link_V1_DirectoryHeads {
    .with {
      $0.heads = heads.map { Data($0.tlsEncoded) }
      $0.evidence = evidence.map { Data($0.tlsEncoded) }
    }
  }
}

extension Frame.DirectoryContinuationRequest {
  var wire: Liaison_Link_V1_DirectoryContinuationRequest {
    .with {
      $0.handle = handle.description
      $0.beganAt = beganAt.milliseconds
      $0.from = from
      $0.to = to
    }
  }
}

extension DirectoryContinuation {
  init(_ wire: Liaison_Link_V1_DirectoryContinuation) throws {
    guard wire.root.count == 32 else { throw FrameError("a directory's root is malformed") }
    self.init(root: Array(wire.root), path: try hashes(wire.path))
  }

  var wire: Liaison_Link_V1_DirectoryContinuation {
    .with {
      $0.root = Data(root)
      $0.path = Data(path.joined())
    }
  }
}

extension Frame.DirectoryRecords {
  init(_ wire: Liaison_Link_V1_DirectoryRecords) throws {
    let length = DirectoryRecord.length
    guard wire.records.count.isMultiple(of: length), wire.records.count <= Limits.directoryRecordsMax * length else {
      throw FrameError("a directory's records are malformed")
    }
    var decoder = TLSDecoder(Array(wire.records))
    var records: [DirectoryRecord] = []
    records.reserveCapacity(wire.records.count / length)
    while !decoder.isAtEnd { records.append(try decoder.read()) }
    self.init(head: try Unverified(tlsEncoded: Array(wire.head)), from: wire.from, records: records)
  }

  var wire: Liaison_Link_V1_DirectoryRecords {
    .with {
      $0.head = Data(head.tlsEncoded)
      $0.from = from
      $0.records = Data(records.flatMap(\.tlsEncoded))
    }
  }
}

/// The hashes of a path, 32 bytes each and at most `max`.
func hashes(_ path: Data, max: Int = 64) throws -> [[UInt8]] {
  guard path.count.isMultiple(of: 32), path.count <= max * 32 else { throw FrameError("a path is malformed") }
  let bytes = Array(path)
  return stride(from: 0, to: bytes.count, by: 32).map { Array(bytes[$0..<$0 + 32]) }
}

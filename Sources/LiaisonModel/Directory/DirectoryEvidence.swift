internal import Crypto
public import TLSPresentation

/// Two heads that one node signed and no honest node signs both of: whoever knows the country's root key can tell,
/// without asking anybody.
///
/// ```
/// struct {
///   uint8 version = 1; Signed card; Signed first; Signed second; optional<DirectoryContinuation> continuation;
/// } DirectoryEvidence;
/// ```
public struct DirectoryEvidence: Hashable, Sendable, TLSCodable {
  /// What its text form is called.
  public static let label = "directory evidence"

  /// A NodeCard of the country that names the keys which signed, so that its next one takes nothing back.
  public let card: Unverified<NodeCard>
  public let first: Unverified<DirectoryHead>
  public let second: Unverified<DirectoryHead>
  /// Where the second has more entries: the root that as many as the first has really lead to.
  public let continuation: DirectoryContinuation?

  init(
    _ first: Unverified<DirectoryHead>, _ second: Unverified<DirectoryHead>,
    _ continuation: DirectoryContinuation? = nil, by card: Unverified<NodeCard>
  ) {
    self.card = card
    self.first = first
    self.second = second
    self.continuation = continuation
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a directory evidence has an unknown format") }
    card = try decoder.read()
    first = try decoder.read()
    second = try decoder.read()
    continuation = try decoder.readOptional()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(card)
    encoder.write(first)
    encoder.write(second)
    encoder.write(optional: continuation)
  }

  /// SHA-256 of its encoding, 32 bytes: names it.
  public var digest: [UInt8] { Array(SHA256.hash(data: tlsEncoded)) }

  /// What it proves.
  public struct Contradiction: Sendable {
    /// How the two contradict one another.
    public enum Kind: String, Sendable {
      /// One log had two contents at one length.
      case twoRoots = "two-roots"
      /// The longer one does not begin with the shorter one.
      case rewritten
      /// An earlier log was still signed for long after another one had taken its place.
      case twoLogs = "two-logs"
    }

    public let kind: Kind
    public let first: DirectoryHead
    public let second: DirectoryHead

    /// One sentence for a person.
    public var sentence: String {
      switch kind {
      case .twoRoots: "it signed two different directories of \(first.size) entries"
      case .rewritten:
        "it signed a directory of \(second.size) entries that does not begin with the \(first.size) it had signed"
      case .twoLogs: "it signed for a directory after it had begun another one in its place"
      }
    }
  }

  /// What it proves of the country of this card, whose root key is believed; the node's keys may be others by now. Throws
  /// ``ModelError`` where it proves nothing: a signature does not verify, an honest node could have signed both, or it is
  /// not in the one form that such evidence has.
  public func verified(by trusted: Signed<NodeCard>) throws(ModelError) -> Contradiction {
    guard try card.claim().handle == trusted.content.handle else {
      throw .mismatch("it is against another country")
    }
    let card = try card.verified(by: trusted.content.rootKey)
    guard card.content.rootKey == trusted.content.rootKey else { throw .badSignature }
    let (a, b) = (try first.verified(by: card).content, try second.verified(by: card).content)
    if a.beganAt == b.beganAt {
      if a.size == b.size, a.root.lexicographicallyPrecedes(b.root), continuation == nil {
        return Contradiction(kind: .twoRoots, first: a, second: b)
      }
      if a.size > 0, let continuation, continuation.root != a.root, continuation.leads(from: a.size, to: b) {
        return Contradiction(kind: .rewritten, first: a, second: b)
      }
    } else if continuation == nil, Self.isOverlap(a, b) {
      return Contradiction(kind: .twoLogs, first: a, second: b)
    }
    throw .mismatch("an honest node could have signed both heads")
  }

  /// Whether the earlier of two logs was signed for after the later one had begun, by more than clocks are ever wrong.
  static func isOverlap(_ earlier: DirectoryHead, _ later: DirectoryHead) -> Bool {
    earlier.beganAt < later.beganAt
      && later.beganAt.adding(milliseconds: Limits.directoryOverlapMilliseconds) < earlier.signedAt
  }
}

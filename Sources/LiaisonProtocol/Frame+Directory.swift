internal import FoundationEssentials
public import LiaisonModel
internal import TLSPresentation

extension Frame {
  /// What is asked of a directory.
  public enum DirectoryQuery: Hashable, Sendable {
    case address(Address)
    /// Towards a device's own node only: words of what is known of a person.
    case text(String, filter: PeopleFilter = PeopleFilter())
    /// Towards a peer only: what it publishes, from a position on.
    case page(DirectoryPosition)
    /// Towards a device's own node only: vouches by and about a member.
    case vouches(of: Address)
    /// Towards a device's own node only: vouches on ways from the asking member to another one.
    case ways(to: Address)
  }

  /// What people have to be besides.
  public struct PeopleFilter: Hashable, Sendable {
    /// A handle, or the two letters of a country; at most 32 bytes.
    public var country: String?
    public var discipline: Discipline?
    /// Its primary subtag counts.
    public var language: LanguageTag?
    public var isStale: Bool

    public init(
      country: String? = nil, discipline: Discipline? = nil, language: LanguageTag? = nil, isStale: Bool = false
    ) {
      self.country = country
      self.discipline = discipline
      self.language = language
      self.isStale = isStale
    }
  }

  /// How far a node has a peer's directory.
  public struct DirectoryPosition: Hashable, Sendable {
    /// 32 bytes; empty where there is nothing.
    public var version: [UInt8]
    public var since: UInt64

    public init(version: [UInt8] = [], since: UInt64 = 0) {
      self.version = version
      self.since = since
    }
  }

  /// What a directory answers.
  public struct DirectoryAnswer: Hashable, Sendable {
    public var cards: [Unverified<MemberCard>]
    /// Of the cards' node, where an address was asked for; `nil` where there are no cards.
    public var head: Unverified<DirectoryHead>?
    /// Where an address was asked for, what shows that the card is in its node's directory log: one for each card, in their
    /// order.
    public var inclusions: [DirectoryInclusion]
    public var people: People
    /// Whether more people match than are here.
    public var hasMore: Bool
    /// Where a position was asked for.
    public var page: DirectoryPage?

    public init(
      cards: [Unverified<MemberCard>] = [], head: Unverified<DirectoryHead>? = nil,
      inclusions: [DirectoryInclusion] = [], people: People = People(), hasMore: Bool = false,
      page: DirectoryPage? = nil
    ) {
      self.cards = cards
      self.head = head
      self.inclusions = inclusions
      self.people = people
      self.hasMore = hasMore
      self.page = page
    }
  }

  /// What members say of themselves and of others.
  public struct People: Hashable, Sendable {
    public var entries: [Unverified<PersonEntry>]
    public var vouches: [Unverified<Vouch>]
    public var revocations: [Unverified<VouchRevocation>]

    public init(
      entries: [Unverified<PersonEntry>] = [], vouches: [Unverified<Vouch>] = [],
      revocations: [Unverified<VouchRevocation>] = []
    ) {
      self.entries = entries
      self.vouches = vouches
      self.revocations = revocations
    }
  }

  /// Which part of a directory an answer is.
  public struct DirectoryPage: Hashable, Sendable {
    public var version: [UInt8]
    /// What the asker had and does not get again is no longer published.
    public var isFirst: Bool
    public var isLast: Bool
    public var next: UInt64
    public var gone: [Address]

    public init(version: [UInt8], isFirst: Bool, isLast: Bool, next: UInt64, gone: [Address]) {
      self.version = version
      self.isFirst = isFirst
      self.isLast = isLast
      self.next = next
      self.gone = gone
    }
  }

  /// What a device's member says.
  public enum MemberStatement: Hashable, Sendable {
    case entry(Unverified<PersonEntry>)
    case vouch(Unverified<Vouch>)
    case revocation(Unverified<VouchRevocation>)
  }
}

// MARK: Encoding

extension Frame.DirectoryQuery {
  var wire: Liaison_Link_V1_DirectoryQuery {
    .with {
      switch self {
      case .address(let address): $0.address = address.description
      case .text(let text, let filter):
        $0.text = text
        $0.country = filter.country ?? ""
        $0.discipline = UInt32(filter.discipline?.rawValue ?? 0)
        $0.language = filter.language?.description ?? ""
        $0.stale = filter.isStale
      case .page(let position):
        $0.position = .with {
          $0.version = Data(position.version)
          $0.since = position.since
        }
      case .vouches(let address): $0.vouchesOf = address.description
      case .ways(let address): $0.waysTo = address.description
      }
    }
  }

  init(_ wire: Liaison_Link_V1_DirectoryQuery) throws {
    if wire.hasPosition {
      let version = Array(wire.position.version)
      guard version.isEmpty || version.count == 32, wire.position.since < UInt64(Int64.max) else {
        throw FrameError("a position in a directory is malformed")
      }
      self = .page(Frame.DirectoryPosition(version: version, since: wire.position.since))
    } else if !wire.vouchesOf.isEmpty {
      self = .vouches(of: try Address(wire.vouchesOf))
    } else if !wire.waysTo.isEmpty {
      self = .ways(to: try Address(wire.waysTo))
    } else if !wire.address.isEmpty {
      self = .address(try Address(wire.address))
    } else {
      guard wire.discipline <= UInt8.max else { throw FrameError("a discipline is unknown") }
      let discipline = wire.discipline == 0 ? nil : Discipline(rawValue: UInt8(wire.discipline))
      guard wire.discipline == 0 || discipline != nil, wire.country.utf8.count <= 32 else {
        throw FrameError("what a directory is asked for is malformed")
      }
      self = .text(
        bounded(wire.text, 256),
        filter: Frame.PeopleFilter(
          country: wire.country.isEmpty ? nil : wire.country, discipline: discipline,
          language: wire.language.isEmpty ? nil : try LanguageTag(wire.language), isStale: wire.stale))
    }
  }
}

extension Frame.DirectoryAnswer {
  var wire: Liaison_Link_V1_DirectoryAnswer {
    .with {
      $0.memberCards = cards.map { Data($0.tlsEncoded) }
      $0.directoryHead = Data(head?.tlsEncoded ?? [])
      $0.inclusions = inclusions.map { inclusion in
        .with {
          $0.index = inclusion.index
          $0.path = Data(inclusion.path.joined())
        }
      }
      $0.personEntries = people.entries.map { Data($0.tlsEncoded) }
      $0.vouches = people.vouches.map { Data($0.tlsEncoded) }
      $0.vouchRevocations = people.revocations.map { Data($0.tlsEncoded) }
      $0.more = hasMore
      if let page {
        $0.page = .with {
          $0.version = Data(page.version)
          $0.first = page.isFirst
          $0.last = page.isLast
          $0.next = page.next
          $0.gone = page.gone.map(\.description)
        }
      }
    }
  }

  init(_ wire: Liaison_Link_V1_DirectoryAnswer) throws {
    let rowsMax = Limits.directoryPagePeople * Limits.vouchRowsPerMemberMax
    guard wire.vouches.count <= rowsMax, wire.vouchRevocations.count <= rowsMax,
      wire.page.gone.count <= Limits.directoryPagePeople, wire.page.next < UInt64(Int64.max),
      !wire.hasPage || wire.page.version.count == 32 && wire.memberCards.count <= Limits.directoryPagePeople
    else { throw FrameError("a directory's answer passes its bounds") }
    self.init(
      cards: try wire.memberCards.map { try Unverified(tlsEncoded: Array($0)) },
      head: wire.directoryHead.isEmpty ? nil : try Unverified(tlsEncoded: Array(wire.directoryHead)),
      inclusions: try wire.inclusions.map { DirectoryInclusion(index: $0.index, path: try hashes($0.path)) },
      people: Frame.People(
        entries: try wire.personEntries.map { try Unverified(tlsEncoded: Array($0)) },
        vouches: try wire.vouches.map { try Unverified(tlsEncoded: Array($0)) },
        revocations: try wire.vouchRevocations.map { try Unverified(tlsEncoded: Array($0)) }),
      hasMore: wire.more,
      page: !wire.hasPage
        ? nil
        : Frame.DirectoryPage(
          version: Array(wire.page.version), isFirst: wire.page.first, isLast: wire.page.last, next: wire.page.next,
          gone: try wire.page.gone.map { try Address($0) }))
  }
}

extension Frame.MemberStatement {
  var wire: Liaison_Link_V1_MemberStatement {
    .with {
      switch self {
      case .entry(let entry): $0.personEntry = Data(entry.tlsEncoded)
      case .vouch(let vouch): $0.vouch = Data(vouch.tlsEncoded)
      case .revocation(let revocation): $0.vouchRevocation = Data(revocation.tlsEncoded)
      }
    }
  }

  init(_ wire: Liaison_Link_V1_MemberStatement) throws {
    switch (wire.personEntry.isEmpty, wire.vouch.isEmpty, wire.vouchRevocation.isEmpty) {
    case (false, true, true): self = .entry(try Unverified(tlsEncoded: Array(wire.personEntry)))
    case (true, false, true): self = .vouch(try Unverified(tlsEncoded: Array(wire.vouch)))
    case (true, true, false): self = .revocation(try Unverified(tlsEncoded: Array(wire.vouchRevocation)))
    default: throw FrameError("a member says nothing, or several things at once")
    }
  }
}

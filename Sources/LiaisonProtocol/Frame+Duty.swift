internal import FoundationEssentials
public import LiaisonModel
internal import SwiftProtobuf
internal import TLSPresentation

extension Frame {
  /// What there is of duty roles. Travels in the answer of the directory, as the question does, so that a node which does
  /// not know of them is not troubled.
  public struct Duties: Hashable, Sendable {
    /// At most ``LiaisonModel/Limits/rolesMax``.
    public var roleCards: [Unverified<RoleCard>]
    public var offers: [Unverified<DutyOffer>]
    public var checks: [Unverified<ComCheck>]

    public init(
      roleCards: [Unverified<RoleCard>] = [], offers: [Unverified<DutyOffer>] = [],
      checks: [Unverified<ComCheck>] = []
    ) {
      self.roleCards = roleCards
      self.offers = offers
      self.checks = checks
    }
  }

  /// What a device does about a duty role.
  public enum DutyChange: Hashable, Sendable {
    case offer(Unverified<DutyOffer>)
    case acceptance(Unverified<DutyAcceptance>)
    /// The role is not taken over, or not handed over after all.
    case decline(Address)
    case resign(Address)
    case answer(Unverified<ComCheckAnswer>)
  }
}

extension Frame.Duties {
  init(_ wire: Liaison_Link_V1_Duties) throws {
    guard wire.roleCards.count <= Limits.rolesMax, wire.offers.count <= Limits.rolesMax,
      wire.comChecks.count <= Limits.rolesMax
    else { throw FrameError("too many duties at once") }
    roleCards = try wire.roleCards.map { try Unverified(tlsEncoded: Array($0)) }
    offers = try wire.offers.map { try Unverified(tlsEncoded: Array($0)) }
    checks = try wire.comChecks.map { try Unverified(tlsEncoded: Array($0)) }
  }

  var wire: Liaison_Link_V1_Duties {
    .with {
      $0.roleCards = roleCards.map { Data($0.tlsEncoded) }
      $0.offers = offers.map { Data($0.tlsEncoded) }
      $0.comChecks = checks.map { Data($0.tlsEncoded) }
    }
  }
}

extension Frame.DutyChange {
  init(_ wire: Liaison_Link_V1_DutyChange) throws {
    switch wire.change {
    case .offer(let bytes): self = .offer(try Unverified(tlsEncoded: Array(bytes)))
    case .acceptance(let bytes): self = .acceptance(try Unverified(tlsEncoded: Array(bytes)))
    case .decline(let role): self = .decline(try Address(role))
    case .resign(let role): self = .resign(try Address(role))
    case .comCheckAnswer(let bytes): self = .answer(try Unverified(tlsEncoded: Array(bytes)))
    case nil: throw FrameError("a change of a duty is of an unknown kind")
    }
  }

  var wire: Liaison_Link_V1_DutyChange {
    .with {
      switch self {
      case .offer(let offer): $0.offer = Data(offer.tlsEncoded)
      case .acceptance(let acceptance): $0.acceptance = Data(acceptance.tlsEncoded)
      case .decline(let role): $0.decline = role.description
      case .resign(let role): $0.resign = role.description
      case .answer(let answer): $0.comCheckAnswer = Data(answer.tlsEncoded)
      }
    }
  }
}

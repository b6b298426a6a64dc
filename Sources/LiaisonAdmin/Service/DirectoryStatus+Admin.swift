internal import CommandKit
internal import FoundationEssentials
package import LiaisonModel
internal import LiaisonNode
internal import TLSPresentation

extension DirectoryStatus {
  /// What gives to worry about, in sentences.
  func alarms(at now: Timestamp) -> [String] {
    let proven = Set(evidence.map(\.handle)).sorted().map {
      $0 == own.content.handle
        ? "this node is proven to have shown two directories of its members, so it was copied or its key was stolen: "
          + "liaisonctl directory evidence"
        : "\($0) is proven to have shown two directories of its members: liaisonctl directory evidence"
    }
    let faults = countries.compactMap { country -> String? in
      guard let fault = country.fault, let at = country.faultAt,
        now <= at.adding(milliseconds: Limits.directoryFaultShownMilliseconds)
      else { return nil }
      return "\(fault), since \(at.shown)"
    }
    return proven + faults
  }
}

extension AdminDirectory {
  init(_ status: DirectoryStatus) {
    self.init()
    head = Data(status.own.bytes)
    countries = status.countries.map { country in
      var entry = Country()
      entry.handle = country.handle.description
      entry.head = Data(country.head?.tlsEncoded ?? [])
      entry.fault = country.fault ?? ""
      entry.faultAt = country.faultAt?.milliseconds ?? 0
      return entry
    }
    evidence = status.evidence.map { kept in
      var entry = Evidence()
      entry.handle = kept.handle.description
      entry.foundAt = kept.foundAt.milliseconds
      entry.evidence = Data(kept.evidence.tlsEncoded)
      return entry
    }
  }

  /// The signed head of the node's own log; `nil` where what came is none.
  package var ownHead: Unverified<DirectoryHead>? { try? Unverified(tlsEncoded: Array(head)) }
}

extension AdminDirectory.Country {
  /// The newest head that was seen of the country's log.
  package var newestHead: Unverified<DirectoryHead>? { try? Unverified(tlsEncoded: Array(head)) }
}

extension AdminDirectory.Evidence {
  /// The evidence itself; `nil` where what came is none.
  package var content: DirectoryEvidence? { try? DirectoryEvidence(tlsEncoded: Array(evidence)) }
}

internal import LiaisonModel
internal import TLSPresentation

/// What members of a room show one another of their countries' directories, past their nodes.
extension EngineStep {
  /// The authenticated data of a message: from time to time, the newest heads that were seen of the room's countries.
  func headsToShow(in room: RoomIdentifier, of addresses: some Sequence<Address>) throws -> [UInt8] {
    let counter = "headsShown \(Hex.encode(tx.index(room)))"
    let last = Timestamp(milliseconds: try tx.counter(counter))
    // A clock that was set back holds nothing up.
    guard now < last || last.adding(milliseconds: Limits.directoryHeadsShownMilliseconds) <= now else { return [] }
    let heads = try Set(addresses.map(\.handle)).sorted().compactMap { try tx.directory(of: $0)?.head }
    guard !heads.isEmpty else { return [] }
    try tx.setCounter(counter, to: now.milliseconds)
    return ShownHeads(heads).tlsEncoded
  }

  /// Holds what a member showed against what was seen here. What is none of ours is passed over.
  func takeShownHeads(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty, let shown = try? ShownHeads(tlsEncoded: bytes) else { return }
    for head in shown.heads { try see(head, isTold: true) }
  }
}

internal import LiaisonModel
internal import LiaisonProtocol
internal import MerkleLog
internal import TLSPresentation

/// This node's own directory log: each card that it issues, and each end, in the transaction in which it happens.
extension Batch {
  /// Rows that are read or entered at once.
  private var pageRows: Int { 1000 }

  /// Brings the tree up to what is stored. At the first time, members who had their cards before there was a log, or
  /// before it had to be begun anew, are entered.
  mutating func readDirectory() throws {
    if try memory.directory.tree == nil || store.directorySize() < memory.directory.size {
      if try store.directoryBeganAt() == nil { try store.beginDirectory(at: now) }
      memory.directory.begin(at: try store.directoryBeganAt() ?? now)
      if try store.directorySize() == 0 { try enterAllMembers() }
    }
    while true {
      let records = try store.directoryRecords(from: memory.directory.size, limit: 10 * pageRows)
      for record in records { memory.directory.append(record) }
      if records.count < 10 * pageRows { return }
    }
  }

  private mutating func enterAllMembers() throws {
    var last: Address?
    while true {
      let members = try store.members(after: last, limit: pageRows)
      for member in members {
        if let card = member.presentCard { try enter(.card(card), about: member.address) }
      }
      guard members.count == pageRows else { return }
      last = members.last?.address
    }
  }

  /// Appends to the log. Whoever does it makes no proof before the batch's end; the tree was read before.
  mutating func enter(_ entry: DirectoryEntry, about address: Address) throws {
    let encoded = entry.tlsEncoded
    try store.appendDirectoryEntry(encoded, DirectoryRecord(address, entry: encoded), of: address)
    directoryGrew = true
  }

  /// The log's signed head as it is now.
  mutating func directoryHead() throws -> Signed<DirectoryHead> {
    try readDirectory()
    guard let tree = memory.directory.tree else { throw StoreError.other("the directory was not read") }
    if let (head, key) = memory.directory.head, head.content.size == UInt64(tree.size), key == identity.key.publicKey,
      head.content.signedAt <= now, now < head.content.signedAt.adding(milliseconds: Limits.directoryHeadMilliseconds)
    {
      return head
    }
    let head = Signed(
      DirectoryHead(
        handle: handle, beganAt: memory.directory.beganAt, size: UInt64(tree.size), root: tree.root.bytes,
        signedAt: max(now, memory.directory.beganAt)), by: identity.key)
    memory.directory.head = (head, identity.key.publicKey)
    return head
  }

  /// Cards of members with what shows that they are in the log.
  mutating func proven(_ members: [MemberRecord]) throws -> Frame.DirectoryAnswer {
    var answer = Frame.DirectoryAnswer()
    for member in members {
      guard let card = member.presentCard else { continue }
      let head = try directoryHead()
      let record = DirectoryEntry.card(card).record(of: member.address).tlsEncoded
      guard let (index, last) = try store.lastDirectoryEntry(of: member.address), last == record else {
        // Nobody would take it, and whoever asks breaks nothing for others.
        complain("the card of a member is not in the directory, and nobody is given it")
        continue
      }
      answer.head = head.unverified
      answer.cards.append(card)
      if let entry = try store.person(member.address)?.entry { answer.people.entries.append(entry) }
      answer.inclusions.append(DirectoryInclusion(index: UInt64(index), path: try path(of: index)))
    }
    return answer
  }

  private func path(of index: Int) throws -> [[UInt8]] {
    guard let tree = memory.directory.tree else { throw StoreError.other("the directory was not read") }
    do { return try tree.inclusionProof(index: index, size: tree.size).map(\.bytes) } catch {
      throw StoreError.unreadable("a member's card is not in the directory")
    }
  }

  /// What shows that the log began with what it was when it was shorter.
  mutating func continuation(_ question: Frame.DirectoryContinuationRequest) throws -> DirectoryContinuation {
    try readDirectory()
    guard question.handle == handle else {
      throw Frame.Failure.notPermitted("a node answers peers for its own directory only")
    }
    guard question.beganAt == memory.directory.beganAt, let tree = memory.directory.tree, 1 <= question.from,
      question.from <= question.to, question.to <= UInt64(tree.size)
    else { throw Frame.Failure.unknown("this node's directory never was of that size") }
    let (from, to) = (Int(question.from), Int(question.to))
    do {
      return DirectoryContinuation(
        root: try tree.root(size: from).bytes, path: try tree.consistencyProof(from: from, to: to).map(\.bytes))
    } catch { throw Frame.Failure.unknown("this node's directory never was of that size") }
  }

  /// A part of the log for a device of this node, which holds it against the head.
  mutating func directoryRecords(beganAt: Timestamp, from: UInt64) throws -> Frame.DirectoryRecords {
    let head = try directoryHead()
    let start = beganAt == head.content.beganAt && from <= head.content.size ? from : 0
    let limit = min(Limits.directoryRecordsMax, Int(head.content.size - start))
    let records = try store.directoryRecords(from: Int(start), limit: limit).map {
      try DirectoryRecord(tlsEncoded: $0)
    }
    return Frame.DirectoryRecords(head: head.unverified, from: start, records: records)
  }

  /// Entries about a member, for that member's device; nothing for those about others.
  func directoryEntries(_ indices: [UInt64], about address: Address) throws -> [[UInt8]] {
    try indices.map { index in
      guard let index = Int(exactly: index), let found = try store.directoryEntry(at: index), found.address == address
      else { return [] }
      return found.entry
    }
  }

  /// This store was set back: entries that others have may not be here. Another log takes the place of this one, later than
  /// one that was begun at `time`, as nothing may ever be signed that contradicts what others have.
  mutating func beginDirectoryAnew(after time: Timestamp) throws {
    try store.beginDirectory(at: max(now, time.adding(milliseconds: 1)))
    memory.directory.forgetTree()
    try readDirectory()
    directoryGrew = true
  }
}

package import TLSPresentation

extension Group {
  private static let stateVersion: UInt16 = 2
  /// More than the state of any group of ours needs, so that no copy of its secrets is left behind by growing, in bytes.
  private static let stateCapacity = 1 << 14

  // MARK: Saving

  /// Writes what has changed since the group was loaded or saved; all of it for a group that is new. Where the caller's
  /// transaction fails afterwards, this value must be dropped: it takes its changes for stored.
  ///
  /// A group has one storage. ``copy(to:)`` fills another.
  public mutating func save(to storage: inout some GroupStorage) throws {
    if unsaved.everything {
      try storage.remove(RecordKey.all)
      markAllUnsaved()
    }
    if unsaved.forgotten { try removeForgottenEpochs(from: &storage) }
    for node in unsaved.nodes {
      let key = RecordKey.node(node)
      if let value = state.shared.tree.node(node) {
        try storage.write(value.tlsEncoded, for: key)
      } else {
        try storage.remove(key)
      }
    }
    try saveProposals(to: &storage)
    if unsaved.pendingCommit { try savePendingCommit(to: &storage) }
    for place in pastEpochs.indices { try savePastEpoch(at: place, to: &storage) }
    try state.secretTree.save(epoch, state.binding, to: &storage)
    if unsaved.state { try storage.write(wiping: encodedState, for: RecordKey(kind: .state)) }
    unsaved = .nothing(proposalCount: proposals.proposals.count)
  }

  /// Writes the whole group to another storage, in place of what that holds.
  public func copy(to storage: inout some GroupStorage) throws {
    var copy = self
    copy.unsaved.everything = true
    try copy.save(to: &storage)
  }

  private mutating func markAllUnsaved() {
    unsaved.markPendingCommit()
    unsaved.proposalCount = nil
    unsaved.nodes = Set(
      state.shared.tree.nodes.indices.filter { state.shared.tree.nodes[$0] != nil }.map { NodeIndex($0) })
    unsaved.newPastEpochs = Set(pastEpochs.map(\.context.epoch))
    state.secretTree.markAllChanged()
    for place in pastEpochs.indices { pastEpochs[place].secretTree.markAllChanged() }
  }

  private func removeForgottenEpochs(from storage: inout some GroupStorage) throws {
    let oldest = pastEpochs.first?.context.epoch ?? epoch
    guard oldest > 0 else { return }
    for kind in [RecordKey.Kind.pastEpoch, .secretNode, .ratchet, .messageKey] {
      try storage.remove(RecordKey.all(kind, of: 0...oldest - 1))
    }
  }

  private func saveProposals(to storage: inout some GroupStorage) throws {
    if unsaved.proposalCount == nil { try storage.remove(RecordKey.all(.proposal)) }
    for place in proposals.proposals.indices.dropFirst(unsaved.proposalCount ?? 0) {
      let key = RecordKey(kind: .proposal, item: UInt64(place))
      let value = state.binding.record(key, capacity: 4096) { $0.write(proposals.proposals[place]) }
      try storage.write(value, for: key)
    }
  }

  private func savePendingCommit(to storage: inout some GroupStorage) throws {
    let key = RecordKey(kind: .pendingCommit)
    guard let pendingCommit else { return try storage.remove(key) }
    let capacity = Self.stateCapacity + 4096 * pendingCommit.next.shared.tree.changes.count
    let value = state.binding.record(key, capacity: capacity) { pendingCommit.encode(to: &$0) }
    try storage.write(wiping: value, for: key)
  }

  private mutating func savePastEpoch(at place: Int, to storage: inout some GroupStorage) throws {
    let epoch = pastEpochs[place].context.epoch
    if unsaved.newPastEpochs.contains(epoch) {
      var encoder = TLSEncoder(reservingCapacity: Self.stateCapacity)
      pastEpochs[place].encode(to: &encoder)
      try storage.write(wiping: encoder.take(), for: RecordKey(kind: .pastEpoch, epoch: epoch))
    }
    try pastEpochs[place].secretTree.save(epoch, pastEpochs[place].binding, to: &storage)
  }

  private var encodedState: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: Self.stateCapacity)
    encoder.write(Self.stateVersion)
    encoder.write(configuration)
    state.encodeCore(to: &encoder)
    encoder.write(sealing: signatureKey)
    switch status {
    case .active: encoder.write(UInt8(0))
    case .removed: encoder.write(UInt8(1))
    case .reInitialized(let reInit):
      encoder.write(UInt8(2))
      encoder.write(reInit)
    }
    encoder.writeVector { encoder in
      for (publicKey, update) in pendingUpdates.sorted(by: { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }) {
        encoder.write(publicKey)
        encoder.write(sealing: update.encryptionKey.secret)
        encoder.write(sealing: update.signatureKey)
      }
    }
    encoder.writeVector { encoder in
      for (epoch, secret) in resumptionPSKs {
        encoder.write(epoch)
        encoder.write(sealing: secret)
      }
    }
    // What must be found beside this record.
    encoder.write(UInt8(pendingCommit == nil ? 0 : 1))
    encoder.write(UInt32(truncatingIfNeeded: pastEpochs.count))
    encoder.write(UInt32(truncatingIfNeeded: proposals.proposals.count))
    return encoder.bytes
  }

  // MARK: Loading

  /// Reads a group that ``save(to:)`` wrote; nil where the storage holds none. Records that are damaged, missing, or of
  /// another group, epoch or place are found by the tree's hash and by what binds them to their epoch: the error is
  /// ``MLSError/unreadableState``, and else it is the storage's. One record that is older than the rest of its epoch can
  /// be told only where the tree shows it; that a transaction is stored in whole is for the storage to see to.
  public static func load(from storage: some GroupStorage, random: RandomSource = .system) throws -> Group? {
    do {
      guard let stored = try StoredState(from: storage) else { return nil }
      return try Group(stored, from: storage, random)
    } catch is TLSPresentationError {
      throw MLSError.unreadableState
    }
  }

  private init(_ stored: StoredState, from storage: some GroupStorage, _ random: RandomSource) throws {
    let core = stored.core
    let nodes = try storage.records(in: RecordKey.all(.node)).map { record in
      (index: try record.nodeIndex, node: try Node(tlsEncoded: record.value))
    }
    let tree = try RatchetTree(nodeCount: core.nodeCount, nodes: nodes)
    let epoch = core.context.epoch
    let state = try core.state(
      tree: tree,
      secretTree: .load(epoch, core.binding, leafCount: core.secretLeafCount, from: storage))
    try self.init(stored, state: state, random)

    pastEpochs = try storage.records(in: RecordKey.all(.pastEpoch)).map { record in
      try PastEpoch(record) { try .load(record.key.epoch, $0, leafCount: $1, from: storage) }
    }
    guard pastEpochs.count == stored.pastEpochCount,
      zip(pastEpochs.reversed(), UInt64(1)...).allSatisfy({ past, age in
        past.context.groupID == core.context.groupID && epoch >= age && past.context.epoch == epoch - age
      })
    else { throw TLSPresentationError.invalid("a past epoch is missing, or foreign") }
    for record in try storage.records(in: RecordKey.all(.proposal)) {
      let received = try core.binding.read(record) { (decoder) throws(TLSPresentationError) in
        try decoder.read(ReceivedProposal.self)
      }
      try proposals.insert(received)
    }
    guard proposals.proposals.count == stored.proposalCount else {
      throw TLSPresentationError.invalid("a proposal is missing")
    }
    let key = RecordKey(kind: .pendingCommit)
    let record = try storage.record(key)
    guard (record != nil) == stored.hasPendingCommit else {
      throw TLSPresentationError.invalid("the pending commit is missing")
    }
    if let record {
      pendingCommit = try core.binding.read(StoredRecord(key: key, value: record)) {
        (decoder) throws(TLSPresentationError) in try PendingCommit(from: &decoder, tree: state.shared.tree)
      }
    }
    unsaved = .nothing(proposalCount: proposals.proposals.count)
  }

  /// With what the state's record holds by itself.
  package init(_ stored: StoredState, state: EpochState, _ random: RandomSource) throws(TLSPresentationError) {
    self.init(state: state, signatureKey: stored.signatureKey, configuration: stored.configuration, random: random)
    status = stored.status
    pendingUpdates = stored.pendingUpdates
    resumptionPSKs = stored.resumptionPSKs
    unsaved = .nothing(proposalCount: stored.proposalCount)
  }

  /// The record of kind `state`.
  package struct StoredState: Sendable {
    package let configuration: GroupConfiguration
    package let core: EpochState.Core
    package let signatureKey: SignaturePrivateKey
    package let status: Status
    package private(set) var pendingUpdates: [HPKEPublicKey: PendingUpdate] = [:]
    package private(set) var resumptionPSKs: [(epoch: UInt64, secret: Secret)] = []
    package let hasPendingCommit: Bool
    package let pastEpochCount: Int
    package let proposalCount: Int

    /// nil where the storage is empty.
    package init?(from storage: some GroupStorage) throws {
      guard let record = try storage.record(RecordKey(kind: .state)) else {
        guard try storage.records(in: RecordKey.all).isEmpty else {
          throw TLSPresentationError.invalid("the state is missing")
        }
        return nil
      }
      var decoder = TLSDecoder(record)
      guard try decoder.read(UInt16.self) == Group.stateVersion else {
        throw TLSPresentationError.invalid("the version of the state")
      }
      configuration = try decoder.read()
      core = try EpochState.Core(from: &decoder)
      signatureKey = try decoder.readSignatureKey(core.context.cipherSuite)
      switch try decoder.read(UInt8.self) {
      case 0: status = .active
      case 1: status = .removed
      case 2: status = .reInitialized(try decoder.read())
      case let other: throw TLSPresentationError.unknownValue(UInt64(other))
      }
      var updates = try decoder.readVectorContent()
      while !updates.isAtEnd {
        let publicKey: HPKEPublicKey = try updates.read()
        pendingUpdates[publicKey] = PendingUpdate(
          encryptionKey: HPKEPrivateKey(secret: try updates.readSecret()),
          signatureKey: try updates.readSignatureKey(core.context.cipherSuite))
      }
      var psks = try decoder.readVectorContent()
      while !psks.isAtEnd { resumptionPSKs.append((try psks.read(), try psks.readSecret())) }
      hasPendingCommit = try decoder.read(UInt8.self) == 1
      pastEpochCount = Int(try decoder.read(UInt32.self))
      proposalCount = Int(try decoder.read(UInt32.self))
      try decoder.finish()
    }
  }
}

internal import Crypto
package import LiaisonModel
package import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// A professional's device, played with the MLS library directly: enough of a client to try nodes with, and strict about
/// everything that a node owes it.
package final class PlayedDevice: LinkEnd {
  /// A message as it was read.
  package struct Read: Hashable, Sendable {
    package let message: MessageIdentifier
    package let room: RoomIdentifier
    package let text: String
    package let sender: Address
    package let epoch: UInt64
  }

  /// A message that this device sent.
  package struct Sent: Sendable {
    package let room: RoomIdentifier
    package let epoch: UInt64
    package let digest: [UInt8]
    package let text: String
  }

  package let address: Address
  package let identifier: DeviceIdentifier
  /// The device's identity on links.
  package let linkKey: SigningKey<DeviceLinkPurpose>
  /// What it read, in order.
  package private(set) var read: [Read] = []
  package private(set) var sent: [MessageIdentifier: Sent] = [:]
  /// Messages that its node took.
  package private(set) var accepted: Set<MessageIdentifier> = []
  /// Nodes whose valid receipts came.
  package private(set) var receipts: [MessageIdentifier: Set<Handle>] = [:]
  package private(set) var undeliverable: [(message: MessageIdentifier, at: Handle, failure: Frame.Failure)] = []
  /// What a node must not have done.
  package private(set) var complaints: [String] = []
  /// Answers of failure that are no reason to try again.
  package private(set) var refusals: [Frame.Failure] = []
  /// The rooms that it is in.
  private var groups: [RoomIdentifier: Group] = [:]
  package private(set) var races = 0
  /// How far its clock is ahead of everybody's.
  package var clockAheadMilliseconds: UInt64 = 0

  package let signatureKey: SigningKey<DeviceSignaturePurpose>
  private var card: Unverified<MemberCard>?
  private var bundles: [KeyPackageBundle] = []
  private let node: SimulatedNode
  private unowned let region: Region
  private var links: [SimulatedLink] = []
  private var isWanted = false
  private var requests: [UInt64: Request] = [:]
  private var requestsMade: UInt64 = 0
  private var position: UInt64 = 0
  private var received: UInt64 = 0
  private var waiting: [Frame.InboxItem] = []
  /// Messages that it read ahead of their turn.
  package private(set) var readAhead: Set<MessageIdentifier> = []
  private var isJoining = false
  private var intents: [RoomIdentifier: [Intent]] = [:]
  private var ownCommits: [RoomIdentifier: MessageIdentifier] = [:]

  private struct Request {
    let body: Frame.Body
    var failed: ((Frame.Failure) -> Void)?
    let done: (Frame.Body) -> Void
  }

  /// A change of membership that a person wants, whoever wins which race.
  private struct Intent {
    let adding: Address?
    let removing: DeviceIdentifier?
  }

  /// A device of a member who was invited; ``join(_:)`` enrols it.
  package init(_ address: Address, at node: SimulatedNode, in region: Region) throws {
    self.address = address
    self.node = node
    self.region = region
    identifier = DeviceIdentifier(using: &region.random)
    linkKey = try SigningKey(seed: region.random.bytes(32))
    signatureKey = try SigningKey(seed: region.random.bytes(32))
  }

  // MARK: Enrolment and links

  /// Enrols with an invitation, then stays linked.
  package func join(_ invitation: Invitation) {
    let binding = Signed(
      DeviceBinding(
        device: identifier, linkKey: linkKey.publicKey, invitation: Array(SHA256.hash(data: invitation.secret))),
      by: signatureKey)
    let enrol = Frame.Enrol(
      secret: invitation.secret,
      device: MemberCard.Device(identifier: identifier, signatureKey: signatureKey.publicKey),
      binding: binding.unverified)
    ask(.enrol(enrol)) { body in
      guard case .enrolled(let card, _) = body else { return }
      self.card = card
      self.uploadKeyPackages(12)
    }
    connect()
  }

  /// Shows another card of its member from now on, whoever made it.
  package func present(_ card: Unverified<MemberCard>) { self.card = card }

  /// Keeps a link to the node from now on.
  package func connect() {
    isWanted = true
    dial()
  }

  /// Opens one more link beside those that stand.
  package func connectOnceMore() { dial() }

  /// Goes away.
  package func disconnect() {
    isWanted = false
    for link in links { link.close(from: self) }
    links = []
  }

  /// Whether nothing waits for the node.
  package var isIdle: Bool { requests.isEmpty && waiting.isEmpty && intents.values.allSatisfy(\.isEmpty) }

  private func dial() {
    guard node.isUp else { return retry() }
    let hello = Frame.Hello(clock: region.now, software: "played", inboxPosition: position)
    let identity: SimulatedLink.LinkIdentity =
      card == nil ? .enrolment(linkKey.publicKey) : .device(linkKey.publicKey)
    _ = region.connect(self, to: node, identity, hello: hello)
  }

  private func retry() {
    region.after(milliseconds: UInt64.random(in: 50...600, using: &region.random)) {
      if self.isWanted && self.links.isEmpty { self.dial() }
    }
  }

  package func opened(_ link: SimulatedLink, with hello: Frame.Hello) {
    links.append(link)
    askAgain(on: link)
  }

  private func askAgain(on link: SimulatedLink) {
    for (number, request) in requests.sorted(by: { $0.key < $1.key }) {
      link.send(Frame(request: number, request.body), from: self)
    }
  }

  package func closed(_ link: SimulatedLink) {
    links.removeAll { $0 === link }
    if let other = links.last { askAgain(on: other) }
    if isWanted && links.isEmpty { retry() }
  }

  private func ask(_ body: Frame.Body, then done: @escaping (Frame.Body) -> Void) {
    requestsMade += 1
    requests[requestsMade] = Request(body: body, done: done)
    links.last?.send(Frame(request: requestsMade, body), from: self)
  }

  /// Asks its node for anything. Passing failures are told, and the request is sent again.
  package func request(
    _ body: Frame.Body, onFailure failed: ((Frame.Failure) -> Void)? = nil, then done: @escaping (Frame.Body) -> Void
  ) {
    ask(body, then: done)
    requests[requestsMade]?.failed = failed
  }

  package func received(_ frame: Frame, on link: SimulatedLink) {
    switch frame.body {
    case .inboxItem(let item): take(item)
    case .failure(let failure) where frame.request == 0:
      if failure.reason != .later { complaints.append("the node closed a link: \(failure.text)") }
    case .failure(let failure) where failure.reason == .later || failure.reason == .unavailable:
      // The node's disk was full, or another node is away: the same again, later.
      requests[frame.request]?.failed?(failure)
      region.after(milliseconds: UInt64.random(in: 100...800, using: &region.random)) {
        guard let request = self.requests[frame.request] else { return }
        self.links.last?.send(Frame(request: frame.request, request.body), from: self)
      }
    default:
      guard let request = requests.removeValue(forKey: frame.request) else { return }
      if case .failure(let failure) = frame.body { refusals.append(failure) }
      request.done(frame.body)
    }
  }

  // MARK: Rooms

  private var credential: Credential {
    guard let card else { preconditionFailure("the device is not enrolled") }
    return DeviceCredential(card: card, device: identifier).asCredential
  }

  private var mlsKey: SignaturePrivateKey {
    get throws {
      try SignaturePrivateKey(cipherSuite: RoomProfile.cipherSuite, rawRepresentation: signatureKey.seed)
    }
  }

  private var authentication: RoomAuthentication { RoomAuthentication(entering: region.cards, now: nil) }

  private static var configuration: GroupConfiguration {
    var configuration = GroupConfiguration()
    configuration.pastEpochCountMax = 64
    return configuration
  }

  /// Whether the device has its card.
  package var isEnrolled: Bool { card != nil }

  private func uploadKeyPackages(_ count: Int) {
    do {
      let lifetime = RoomProfile.lifetime(from: region.now)
      let all = try (0...count).map { index in
        try KeyPackageBundle.generate(
          cipherSuite: RoomProfile.cipherSuite, credential: credential, signatureKey: mlsKey,
          capabilities: RoomProfile.capabilities, lifetime: lifetime, lastResort: index == count)
      }
      bundles += all
      let messages = all.map { MLSMessage.keyPackage($0.keyPackage).tlsEncoded }
      ask(.uploadKeyPackages(keyPackages: Array(messages.dropLast()), lastResort: messages.last)) { _ in }
    } catch { complaints.append("key packages: \(error)") }
  }

  /// Makes a room with this device alone in it.
  package func createRoom() throws -> RoomIdentifier {
    let room = RoomIdentifier(using: &region.random)
    let group = try Group.create(
      groupID: room.bytes, cipherSuite: RoomProfile.cipherSuite, credential: credential, signatureKey: mlsKey,
      capabilities: RoomProfile.capabilities, lifetime: RoomProfile.lifetime(from: region.now),
      groupContextExtensions: RoomProfile.extensions(hub: node.handle), configuration: Self.configuration,
      now: region.now.seconds)
    groups[room] = group
    let info = MLSMessage.groupInfo(try group.groupInfo(withTree: false)).tlsEncoded
    ask(
      .createRoom(
        Frame.CreateRoom(room: room, groupInfo: info, ratchetTree: group.ratchetTree.tlsEncoded))
    ) { _ in }
    return room
  }

  /// Adds a member, however many races that takes.
  package func add(_ address: Address, to room: RoomIdentifier) {
    intents[room, default: []].append(Intent(adding: address, removing: nil))
    pursue(room)
  }

  /// Removes a device, however many races that takes.
  package func remove(_ device: DeviceIdentifier, from room: RoomIdentifier) {
    intents[room, default: []].append(Intent(adding: nil, removing: device))
    pursue(room)
  }

  /// Makes fresh keys of its own in a room.
  package func refresh(_ room: RoomIdentifier) {
    intents[room, default: []].append(Intent(adding: nil, removing: nil))
    pursue(room)
  }

  private func pursue(_ room: RoomIdentifier) {
    guard let intent = intents[room]?.first, ownCommits[room] == nil, groups[room] != nil else { return }
    ownCommits[room] = MessageIdentifier(using: &region.random)
    guard let adding = intent.adding else { return commit(room, adding: [], removing: intent.removing) }
    ask(.keyPackagesRequest(adding)) { body in
      guard case .keyPackages(let packages) = body else {
        self.ownCommits[room] = nil
        self.intents[room]?.removeFirst()
        return
      }
      let content = packages.compactMap { bytes -> KeyPackage? in
        if case .keyPackage(let package)? = try? MLSMessage(bytes) { package } else { nil }
      }
      self.commit(room, adding: content, removing: nil)
    }
  }

  private func commit(_ room: RoomIdentifier, adding: [KeyPackage], removing: DeviceIdentifier?) {
    guard let message = ownCommits[room], var group = groups[room] else { return }
    do {
      let roster = try Roster(group.members)
      let leaves = roster.entries.filter { $0.device == removing }.map(\.leaf)
      let isThere = adding.contains { package in
        (try? DeviceCredential(package.leafNode.credential))
          .map { new in roster.entries.contains { $0.device == new.device } } ?? true
      }
      guard !isThere, removing == nil || !leaves.isEmpty else { return settle(room) }
      group.clearPendingCommit()
      let output = try group.commit(
        adding: adding, removing: leaves, authentication: authentication, now: region.now.seconds)
      groups[room] = group
      let request = Frame.HubCommit(
        message: message, room: room, commit: output.commit.tlsEncoded, welcome: output.welcome?.tlsEncoded,
        groupInfo: output.groupInfo.tlsEncoded)
      ask(.hubCommit(request)) { body in
        guard self.ownCommits[room] == message else { return }
        switch body {
        case .hubAnswer(let answer) where answer.outcome == .accepted: break
        case .hubAnswer(let answer) where answer.outcome == .stale:
          self.races += 1
          self.groups[room]?.clearPendingCommit()
          self.ownCommits[room] = nil
          self.region.after(milliseconds: UInt64.random(in: 50...500, using: &self.region.random)) {
            self.pursue(room)
          }
        case .failure:
          // It was removed while it asked; whether that may be, `refusals` tells.
          self.groups[room]?.clearPendingCommit()
          self.settle(room)
        default:
          self.complaints.append("a commit was refused: \(body)")
          self.groups[room]?.clearPendingCommit()
          self.settle(room)
        }
      }
    } catch {
      complaints.append("commit: \(error)")
      settle(room)
    }
  }

  private func settle(_ room: RoomIdentifier) {
    ownCommits[room] = nil
    if intents[room]?.isEmpty == false { intents[room]?.removeFirst() }
    pursue(room)
  }

  /// Encrypts and submits a text.
  @discardableResult
  package func send(
    _ text: String, to room: RoomIdentifier, precedence: Precedence = .routine, authenticatedData: [UInt8] = []
  ) throws -> MessageIdentifier {
    guard var group = groups[room] else { throw SimulationError("the device is not in the room") }
    let epoch = group.epoch
    let payload = try group.encrypt(Array(text.utf8), authenticatedData: authenticatedData).tlsEncoded
    groups[room] = group
    let message = MessageIdentifier(using: &region.random)
    let envelope = Envelope(
      message: message, room: room, origin: node.handle, precedence: precedence,
      acceptedAt: region.now.adding(milliseconds: clockAheadMilliseconds), kind: .application, payload: payload
    ).tlsEncoded
    sent[message] = Sent(room: room, epoch: epoch, digest: Envelope.digest(ofEncoded: envelope), text: text)
    ask(.submit(envelope: envelope)) { body in if case .done = body { self.accepted.insert(message) } }
    return message
  }

  // MARK: Inbox

  private func take(_ item: Frame.InboxItem) {
    if item.isAhead { return takeAhead(item) }
    guard item.sequence > received else { return }
    if item.sequence != received + 1 { complaints.append("items between \(received) and \(item.sequence) are missing") }
    received = item.sequence
    waiting.append(item)
    work()
  }

  /// What cannot be read now is read in its turn.
  private func takeAhead(_ item: Frame.InboxItem) {
    guard case .envelope(let bytes) = item.content, let envelope = try? Envelope(tlsEncoded: bytes),
      envelope.kind == .application, envelope.precedence >= .immediate
    else { return complaints.append("item \(item.sequence) came ahead and is nothing urgent") }
    guard item.sequence > received, !readAhead.contains(envelope.message), (try? read(envelope)) != nil else { return }
    readAhead.insert(envelope.message)
  }

  private func work() {
    while !isJoining, let item = waiting.first {
      waiting.removeFirst()
      do { try process(item) } catch { complaints.append("item \(item.sequence): \(error)") }
      if !isJoining { finish(item) }
    }
  }

  private func finish(_ item: Frame.InboxItem) {
    position = item.sequence
    links.last?.send(Frame(.inboxAcknowledge(sequence: position)), from: self)
  }

  private func process(_ item: Frame.InboxItem) throws {
    switch item.content {
    case .envelope(let bytes):
      let envelope = try Envelope(tlsEncoded: bytes)
      switch envelope.kind {
      case .application: if !readAhead.contains(envelope.message) { try read(envelope) }
      case .commit: try follow(envelope)
      case .welcome: try join(envelope, item)
      }
    case .receipt(let receipt): try take(receipt)
    case .undeliverable(let message, let handle, let failure): undeliverable.append((message, handle, failure))
    }
  }

  private func read(_ envelope: Envelope) throws {
    guard var group = groups[envelope.room] else { throw SimulationError("a message of a room that it is not in") }
    guard
      case .application(let message) = try group.process(
        try MLSMessage(envelope.payload), authentication: authentication, now: region.now.seconds)
    else { throw SimulationError("a message that is no application message") }
    groups[envelope.room] = group
    read.append(
      Read(
        message: envelope.message, room: envelope.room, text: String(decoding: message.plaintext, as: UTF8.self),
        sender: try DeviceCredential(message.senderCredential).card.claim().address, epoch: message.epoch))
  }

  private func follow(_ envelope: Envelope) throws {
    guard var group = groups[envelope.room] else { throw SimulationError("a commit of a room that it is not in") }
    let commit = try RoomCommit(tlsEncoded: envelope.payload)
    guard commit.epoch == group.epoch else { throw SimulationError("commit \(commit.epoch) in epoch \(group.epoch)") }
    if envelope.message == ownCommits[envelope.room] {
      try group.mergePendingCommit(now: region.now.seconds)
      groups[envelope.room] = group
      return settle(envelope.room)
    }
    guard
      case .commit(let staged) = try group.process(
        try MLSMessage(commit.commit), authentication: authentication, now: region.now.seconds)
    else { throw SimulationError("a commit that is none") }
    let isRemoved = staged.removesSelf
    try group.merge(staged)
    group.clearPendingCommit()
    groups[envelope.room] = isRemoved ? nil : group
    if isRemoved {
      intents[envelope.room] = nil
      ownCommits[envelope.room] = nil
    }
  }

  private func join(_ envelope: Envelope, _ item: Frame.InboxItem) throws {
    let content = try RoomWelcome(tlsEncoded: envelope.payload)
    guard case .welcome(let welcome) = try MLSMessage(content.welcome),
      let bundle = bundles.first(where: { welcome.newMembers.contains($0.reference) })
    else { throw SimulationError("a welcome for another device") }
    guard content.ratchetTree.isEmpty else { throw SimulationError("a welcome with its tree") }
    isJoining = true
    ask(.roomStateRequest(envelope.room)) { body in
      self.isJoining = false
      do {
        guard case .roomState(let state) = body else { throw SimulationError("no state to join with: \(body)") }
        let group = try Group.join(
          welcome, bundle: bundle, signatureKey: self.mlsKey,
          ratchetTree: RatchetTree(tlsEncoded: state.ratchetTree), configuration: Self.configuration,
          authentication: self.authentication, now: self.region.now.seconds)
        self.groups[envelope.room] = group
      } catch { self.complaints.append("join: \(error)") }
      self.finish(item)
      self.work()
    }
  }

  private func take(_ receipt: Receipt) throws {
    let holder = try receipt.batch.claim().holder
    guard let card = region.cards[holder], let sent = sent[receipt.leaf.message] else {
      throw SimulationError("a receipt for what it never sent")
    }
    let batch = try receipt.verified(by: card)
    guard batch.origin == node.handle, receipt.leaf.envelopeDigest == sent.digest else {
      throw SimulationError("a receipt for something else")
    }
    receipts[receipt.leaf.message, default: []].insert(holder)
  }
}

extension PlayedDevice {
  /// A commit of fresh keys that it could make now, and does not: for peers that lie.
  package func unusedCommit(in room: RoomIdentifier) throws -> RoomCommit {
    guard var group = groups[room] else { throw SimulationError("the device is not in the room") }
    group.clearPendingCommit()
    let epoch = group.epoch
    let output = try group.commit(authentication: authentication, now: region.now.seconds)
    return RoomCommit(
      epoch: epoch, proposedAt: region.now, commit: output.commit.tlsEncoded, groupInfo: output.groupInfo.tlsEncoded,
      proof: CommitProof(term: Term(number: 0, orderer: node.handle), promises: [], votes: []))
  }

  /// A message that it could send now, and does not.
  package func unusedPayload(_ text: String, in room: RoomIdentifier) throws -> [UInt8] {
    guard var group = groups[room] else { throw SimulationError("the device is not in the room") }
    return try group.encrypt(Array(text.utf8)).tlsEncoded
  }

  /// What all devices of a room agree on in an epoch.
  package func agreement(in room: RoomIdentifier) -> (epoch: UInt64, authenticator: [UInt8])? {
    groups[room].map { ($0.epoch, $0.epochAuthenticator) }
  }

  /// The devices that it sees in a room.
  package func devices(in room: RoomIdentifier) -> Set<DeviceIdentifier> {
    guard let group = groups[room], let roster = try? Roster(group.members) else { return [] }
    return Set(roster.entries.map(\.device))
  }
}

import MLS
import MLSTestKit
import TLSPresentation

/// A group of four in the middle of its life, the messages that it has seen or may see, and a member of it that forges:
/// ana holds every key of a member, signs what the fuzzer makes, and sends it to ben. A public group follows.
struct LiveGroup: Sendable {
  let room: Room
  let follower: PublicGroup
  /// Messages that ben can process in the state that he is in, and others that belong to the group.
  let messages: [MLSMessage]
  /// Application data of ana's that ben has not read.
  let unread: MLSMessage
  let proposals: [Proposal]
  let service: Client
  let stranger: Client
  let joiner: KeyPackageBundle
  let joining: Client
  let welcome: Welcome
  let groupInfo: GroupInfo
  let preSharedKeys: PreSharedKeys

  static let suite = CipherSuite.x25519AES128GCMSHA256Ed25519
  private static let made = Result { try LiveGroup() }

  static var shared: LiveGroup { get throws { try made.get() } }

  var tree: RatchetTree { room["ana"].ratchetTree }

  private init() throws {
    service = try Client("service", Self.suite)
    stranger = try Client("eva", Self.suite)
    joining = try Client("fay", Self.suite)
    joiner = try joining.bundle()
    var room = try Room(["ana", "ben", "cem", "dia"], Self.suite)
    let senders = ExternalSenders([
      ExternalSender(signatureKey: service.signatureKey.publicKey, credential: service.credential)
    ])
    let old = try room["cem"].encrypt([1])
    let output = try room["cem"].commit(
      proposals: [.groupContextExtensions([senders.asExtension])], authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "cem")
    let update = try room["ben"].proposeUpdate(authentication: AcceptAll(), now: now)
    try room.deliver(proposal: update, by: "ben")
    let groupInfo = try room["cem"].groupInfo(withTree: true)
    var follower = try PublicGroup(groupInfo: groupInfo, authentication: AcceptAll(), now: now)
    _ = try follower.receive(proposal: update, authentication: AcceptAll(), now: now)
    for name in room.groups.keys { room[name].configuration.allowsApplicationDataWhilePending = true }
    self.groupInfo = groupInfo
    self.follower = follower

    let nonce = [UInt8](repeating: 9, count: 32)
    let psk = PreSharedKeyID(kind: .external(id: [4]), nonce: nonce)
    let resumption = PreSharedKeyID(
      kind: .resumption(usage: .application, groupID: room["ana"].groupID, epoch: 1), nonce: nonce)
    var preSharedKeys = PreSharedKeys()
    preSharedKeys[.external(id: [4])] = Secret([1, 2, 3])
    self.preSharedKeys = preSharedKeys
    proposals = [
      .add(joiner.keyPackage), .remove(room.leaf("dia")), .remove(room.leaf("ben")), .preSharedKey(psk),
      .preSharedKey(resumption), .reInit(ReInit(groupID: [1], cipherSuite: .default, extensions: [])),
      .groupContextExtensions([RequiredCapabilities(credentials: [.basic]).asExtension]),
      .externalInit(kemOutput: [UInt8](repeating: 9, count: 32)), .unknown(ProposalType(rawValue: 0x0A0A), [1]),
      .update(try room["ana"].leaf(source: .update)),
    ]

    var messages = [old, update]
    var ana = room["ana"]
    unread = try ana.encrypt(Array("unread".utf8), authenticatedData: [7], padding: .padme)
    messages.append(try ana.encrypt([2]))
    room["ana"] = ana
    for encrypts in [false, true] {
      for proposal in proposals {
        var ana = room["ana"]
        ana.configuration.encryptsHandshake = encrypts
        if let message = try? ana.propose(proposal, authentication: AcceptAll(), now: now) { messages.append(message) }
      }
      for (adding, removing, path) in [
        ([], [], true), ([joiner.keyPackage], [], false), ([joiner.keyPackage], ["dia"], true), ([], ["ben"], true),
      ] {
        var ana = room["ana"]
        ana.configuration.encryptsHandshake = encrypts
        messages.append(
          try ana.commit(
            adding: adding, removing: removing.map { room.leaf($0) }, updatingPath: path, authentication: AcceptAll(),
            now: now
          ).commit)
      }
    }
    var inviting = room["ana"]
    guard
      case .welcome(let welcome)? = try inviting.commit(
        adding: [joiner.keyPackage], authentication: AcceptAll(), now: now
      ).welcome
    else { throw MLSError.unexpectedMessage }
    self.welcome = welcome
    let (groupID, epoch) = (inviting.groupID, inviting.epoch)
    for (client, replacing) in [(stranger, nil), (room.clients["dia"]!, room.leaf("dia"))] {
      messages.append(
        try Group.joinExternally(
          groupInfo, credential: client.credential, signatureKey: client.signatureKey, replacing: replacing,
          authentication: AcceptAll(), now: now
        ).commit)
    }
    messages += [
      try ExternalProposal.add(
        joiner.keyPackage, to: groupID, epoch: epoch, signatureKey: joining.signatureKey, now: now),
      try ExternalProposal.propose(
        .remove(room.leaf("dia")), to: groupID, epoch: epoch, sender: 0, signatureKey: service.signatureKey, now: now),
      .welcome(welcome), .groupInfo(groupInfo), .keyPackage(joiner.keyPackage),
    ]
    self.messages = messages
    self.room = room
  }

  // MARK: What ben does with a message

  /// Gives a message to ben and to the follower, and checks what must hold whatever it is.
  func receive(_ message: MLSMessage) {
    var ben = room["ben"]
    let before = ben.epochAuthenticator
    let processed = try? process(message, &ben)
    precondition(ben.epochAuthenticator == before, "a message changed the epoch before its commit was merged")
    switch processed {
    case nil:
      precondition((try? process(unread, &ben)) != nil, "a refused message spoilt one that is genuine")
      follow(message, accepted: false)
    case .application:
      precondition((try? process(message, &ben)) == nil, "a message was read twice")
    case .proposal:
      follow(message, accepted: true)
      if (try? ben.commit(preSharedKeys: preSharedKeys, authentication: AcceptAll(), now: now)) != nil {
        precondition((try? ben.mergePendingCommit(now: now)) != nil, "a commit of one's own cannot be merged")
      }
    case .commit(let staged):
      follow(message, accepted: true)
      precondition((try? ben.merge(staged)) != nil, "a staged commit cannot be merged")
      precondition((try? ben.merge(staged)) == nil, "a commit was merged twice")
      precondition((try? ben.encrypt([1])) != nil || !ben.isActive, "a member cannot send")
    }
  }

  func receive(bytes: [UInt8]) {
    if let message = try? MLSMessage(bytes) { receive(message) }
  }

  private func process(_ message: MLSMessage, _ group: inout Group) throws -> Processed {
    try group.process(message, preSharedKeys: preSharedKeys, authentication: AcceptAll(), now: now)
  }

  private func follow(_ message: MLSMessage, accepted: Bool) {
    guard case .publicMessage(let content) = message else { return }
    var follower = follower
    if content.contentType == .commit {
      let staged = try? follower.stage(message, authentication: AcceptAll(), now: now)
      precondition(staged != nil || !accepted, "a member takes a commit that a follower refuses")
      if let staged { try? follower.merge(staged) }
    } else {
      let proposal = try? follower.receive(proposal: message, authentication: AcceptAll(), now: now)
      precondition(proposal != nil || !accepted, "a member takes a proposal that a follower refuses")
    }
  }
}

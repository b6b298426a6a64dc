import MLS
import MLSTestKit
import TLSPresentation

extension FuzzTarget {
  /// Any message to a live group: bytes as they are, valid messages altered, and what a member or a stranger signs that
  /// no honest one would.
  static let liveGroup = FuzzTarget(name: "live-group") { input in
    guard let group = try? LiveGroup.shared else { preconditionFailure("the group cannot be made") }
    group.run(input)
  } seeds: {
    let group = try LiveGroup.shared
    var seeds: [[UInt8]] = []
    for index in group.messages.indices { seeds.append([1, UInt8(index)]) }
    for message in group.messages { seeds.append([0] + message.tlsEncoded) }
    for (index, proposal) in group.proposals.enumerated() {
      for sender: UInt8 in 0..<5 { seeds.append([2, sender, 0, UInt8(index)]) }
      seeds.append([3, 1, UInt8(index)])
      seeds.append([3, 0] + proposal.tlsEncoded)
    }
    seeds += [[2, 0, 1], [2, 3, 2], [2, 0, 2], [4], [4, 1, 3], [5], [5, 1], [6], [6, 1]]
    return seeds
  }
}

extension LiveGroup {
  fileprivate func run(_ input: [UInt8]) {
    var choices = Choices(input)
    switch choices.next() % 7 {
    case 0: receive(bytes: choices.rest())
    case 1: receive(bytes: choices.altered(choices.pick(messages).tlsEncoded))
    case 2: try? sign(&choices)
    case 3: commit(&choices)
    case 4: try? encrypt(&choices)
    case 5: try? invite(&choices)
    default: try? spoilPath(&choices)
    }
  }

  /// A proposal or a commit, altered and then well signed by its sender.
  private func sign(_ choices: inout Choices) throws {
    let ana = room["ana"]
    let (sender, key): (Sender, SignaturePrivateKey) = choices.pick([
      (.member(ana.ownLeafIndex), ana.signatureKey), (.external(0), service.signatureKey),
      (.newMemberProposal, joining.signatureKey), (.newMemberCommit, stranger.signatureKey),
      (.member(room.leaf("cem")), ana.signatureKey),
    ])
    let body: FramedContent.Body
    switch choices.next() % 3 {
    case 0: body = .proposal(try Proposal(tlsEncoded: choices.altered(choices.pick(proposals).tlsEncoded)))
    case 1: body = .commit(try Commit(tlsEncoded: choices.rest()))
    default: body = .commit(try Commit(tlsEncoded: choices.altered(genuineCommit(for: sender).tlsEncoded)))
    }
    let content = FramedContent(
      groupID: ana.groupID, epoch: ana.epoch, sender: sender, authenticatedData: [], body: body)
    var signed = try AuthenticatedContent(
      signing: content, wireFormat: .publicMessage, context: ana.groupContext, with: key)
    if body.type == .commit { signed.auth.confirmationTag = choices.rest() }
    receive(
      .publicMessage(
        try PublicMessage(
          protecting: signed, ana.suite, membershipKey: ana.state.secrets.membershipKey, context: ana.groupContext)))
  }

  private func genuineCommit(for sender: Sender) throws -> Commit {
    for case .publicMessage(let message) in messages {
      if message.sender == sender, case .commit(let commit) = message.content.body { return commit }
    }
    throw MLSError.unexpectedMessage
  }

  /// A commit of any proposals. What ana can commit, the others must take, and agree; what she cannot, they must refuse.
  private func commit(_ choices: inout Choices) {
    var ana = room["ana"]
    var byValue: [Proposal] = []
    for _ in 0..<choices.next() % 5 { byValue.append(choices.pick(proposals)) }
    var decoder = TLSDecoder(choices.rest())
    while !decoder.isAtEnd, let proposal = try? decoder.read(Proposal.self) { byValue.append(proposal) }
    guard
      let output = try? ana.commit(
        proposals: byValue, updatingPath: byValue.count & 1 == 0, includingPendingProposals: byValue.isEmpty,
        preSharedKeys: preSharedKeys, authentication: AcceptAll(), now: now)
    else {
      if let path = try? ana.goodPath().path, let message = try? ana.forgedCommit(byValue, path: path) {
        receive(message)
        var ben = room["ben"]
        precondition(
          (try? ben.process(message, preSharedKeys: preSharedKeys, authentication: AcceptAll(), now: now)) == nil,
          "a commit was taken that its sender could not make")
      }
      return
    }
    receive(output.commit)
    var ben = room["ben"]
    guard
      case .commit(let staged)? = try? ben.process(
        output.commit, preSharedKeys: preSharedKeys, authentication: AcceptAll(), now: now),
      (try? ben.merge(staged)) != nil, (try? ana.mergePendingCommit(now: now)) != nil
    else { preconditionFailure("a commit that its sender could make was refused") }
    precondition(!ben.isActive || ben.epochAuthenticator == ana.epochAuthenticator, "two members disagree")
  }

  /// A private message of any sender and generation, with any content.
  private func encrypt(_ choices: inout Choices) throws {
    let ana = room["ana"]
    var tree = ana.state.secretTree
    let sender = LeafIndex(UInt32(choices.next() % 6))
    for _ in 0..<choices.pick([0, 1, 2, 3, 3000]) { _ = try tree.next(sender, .application, ana.suite) }
    let bodies: [FramedContent.Body] = [
      .application([]), .proposal(proposals[1]), .commit(Commit(proposals: [], path: nil)),
    ]
    let content = FramedContent(
      groupID: ana.groupID, epoch: ana.epoch, sender: .member(sender), authenticatedData: [],
      body: choices.pick(bodies))
    var signed = try AuthenticatedContent(
      signing: content, wireFormat: .privateMessage, context: ana.groupContext, with: ana.signatureKey)
    signed.auth.confirmationTag = [1]
    var plaintext = TLSEncoder()
    content.body.encode(to: &plaintext)
    signed.auth.encode(to: &plaintext, type: content.body.type)
    let message = try PrivateMessage(
      sealing: choices.altered(plaintext.bytes), of: content, ana.suite,
      senderDataSecret: ana.state.secrets.senderData, secretTree: &tree, random: .system)
    receive(.privateMessage(message))
  }

  /// A Welcome into a group whose tree was altered, with everything else made to fit it.
  private func invite(_ choices: inout Choices) throws {
    let ana = room["ana"]
    let suite = ana.suite
    var tree = tree
    let own = tree.add(joiner.keyPackage.leafNode)
    let withPathSecret = choices.next() & 1 == 1
    tree = try RatchetTree(tlsEncoded: choices.altered(tree.tlsEncoded))
    var context = ana.groupContext
    context.treeHash = tree.rootHash(suite)
    let schedule = KeySchedule(
      suite, joinerSecret: Secret([UInt8](repeating: 1, count: 32)), pskSecret: Secret.zero(count: 32),
      context: context)
    let info = try GroupInfo(
      groupContext: context, extensions: [],
      confirmationTag: schedule.secrets.confirmationTag(
        suite, confirmedTranscriptHash: context.confirmedTranscriptHash), signer: ana.ownLeafIndex,
      signatureKey: ana.signatureKey)
    let welcome = try Welcome(
      suite, groupInfo: info, schedule: schedule, preSharedKeys: [],
      newMembers: [(joiner.keyPackage, withPathSecret ? Secret([UInt8](repeating: 2, count: 32)) : nil)])
    var group = try? Group.join(
      welcome, bundle: joiner, signatureKey: joining.signatureKey, ratchetTree: tree, authentication: AcceptAll(),
      now: now)
    precondition(group == nil || group?.ownLeafIndex == own || tree[own] == nil)
    _ = try? group?.commit(authentication: AcceptAll(), now: now)
    var follower = try PublicGroup(groupInfo: info, ratchetTree: tree, authentication: AcceptAll(), now: now)
    for message in messages { _ = try? follower.receive(proposal: message, authentication: AcceptAll(), now: now) }
  }

  /// A commit whose path was altered before it was signed.
  private func spoilPath(_ choices: inout Choices) throws {
    let ana = room["ana"]
    let byValue: [Proposal] = choices.next() & 1 == 0 ? [] : [proposals[0]]
    let path = try ana.goodPath().path
    let altered = try UpdatePath(tlsEncoded: choices.altered(path.tlsEncoded))
    receive(try ana.forgedCommit(byValue, path: altered))
  }
}

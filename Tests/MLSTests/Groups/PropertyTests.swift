import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

@Suite("Random histories")
struct PropertyTests {
  /// Members add, remove, update, propose, resync and write, in any order; of concurrent commits a hub orders one, and
  /// the others are dropped. A public group follows, and every state is stored and read again now and then.
  @Test("of up to 20 members end in agreement", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func histories(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let suite: CipherSuite = seed % 3 == 0 ? .default : .x25519AES128GCMSHA256Ed25519
    var room = try Room(["m0", "m1"], suite)
    var follower = try PublicGroup(
      groupInfo: room["m0"].groupInfo(withTree: true), authentication: AcceptAll(), now: now)
    var counter = 2

    for _ in 0..<60 {
      let names = room.groups.keys.sorted()
      // Proposals, seen by all.
      if Int.random(in: 0..<3, using: &random) == 0, let name = names.randomElement(using: &random) {
        let proposal =
          Bool.random(using: &random)
          ? try room[name].proposeUpdate(authentication: AcceptAll(), now: now)
          : try room[name].propose(
            removing: room.leaf(names.randomElement(using: &random)!), authentication: AcceptAll(), now: now)
        try room.deliver(proposal: proposal, by: name)
        _ = try follower.receive(proposal: reencoded(proposal), authentication: AcceptAll(), now: now)
      }
      // One or two commits; the first wins.
      let committers = Array(names.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)))
      var outputs: [(name: String, output: CommitOutput, joiners: [(Client, KeyPackageBundle)])] = []
      for name in committers {
        var joiners: [(Client, KeyPackageBundle)] = []
        if names.count < 20 {
          for _ in 0..<Int.random(in: 0...2, using: &random) {
            let client = try Client("m\(counter)", suite)
            counter += 1
            joiners.append((client, try client.bundle()))
          }
        }
        let removed =
          names.count > 3 && Bool.random(using: &random)
          ? names.filter { $0 != name }.randomElement(using: &random).map { [room.leaf($0)] } ?? [] : []
        let output = try room[name].commit(
          adding: joiners.map(\.1.keyPackage), removing: removed, updatingPath: Bool.random(using: &random),
          authentication: AcceptAll(), now: now)
        outputs.append((name, output, joiners))
      }
      let winner = outputs[0]
      let staged = try follower.stage(reencoded(winner.output.commit), authentication: AcceptAll(), now: now)
      try follower.merge(staged)
      try room.deliver(winner.output, by: winner.name)
      for (client, bundle) in winner.joiners {
        room.clients[client.name] = client
        room[client.name] = try client.join(winner.output.welcome, bundle, tree: follower.ratchetTree)
      }
      for loser in outputs.dropFirst() {
        #expect(throws: MLSError.self) { try room[winner.name].stage(loser.output.commit) }
      }
      for name in room.groups.keys where !room[name].isActive { room.groups[name] = nil }

      // Somebody loses everything but its keys, and comes back.
      if Int.random(in: 0..<6, using: &random) == 0, let name = room.groups.keys.sorted().randomElement(using: &random),
        let helper = room.groups.keys.sorted().first(where: { $0 != name })
      {
        let client = room.clients[name]!
        let join = try Group.joinExternally(
          room[helper].groupInfo(withTree: false), ratchetTree: follower.ratchetTree, credential: client.credential,
          signatureKey: client.signatureKey, replacing: room.leaf(name), authentication: AcceptAll(), now: now)
        try follower.merge(follower.stage(reencoded(join.commit), authentication: AcceptAll(), now: now))
        for other in room.groups.keys where other != name { try room[other].merge(room[other].stage(join.commit)) }
        room[name] = join.group
      }
      if Int.random(in: 0..<5, using: &random) == 0 {
        for name in room.groups.keys { room[name] = try room[name].storedAndLoaded() }
        follower = try PublicGroup(serialized: follower.serialized)
      }
      let first = room.groups.keys.sorted()[0]
      for name in room.groups.keys {
        #expect(room[name].epochAuthenticator == room[first].epochAuthenticator, "seed \(seed)")
      }
      #expect(follower.groupContext == room[first].groupContext, "seed \(seed)")
    }
    #expect(try room.agree(), "seed \(seed)")
    #expect(follower.ratchetTree == room[room.groups.keys.sorted()[0]].ratchetTree)
  }

  @Test("with the same random bytes, a group's own keys are the same") func determinism() throws {
    func group() throws -> Group {
      let counter = RandomSource { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
      let key = try SignaturePrivateKey(
        cipherSuite: .default, rawRepresentation: [UInt8](repeating: 1, count: 32))
      return try Group.create(
        groupID: [1], cipherSuite: .default, credential: .basic(identity: [1]), signatureKey: key,
        lifetime: Client.lifetime, random: counter, now: now)
    }
    #expect(try group().epochAuthenticator == group().epochAuthenticator)
  }
}

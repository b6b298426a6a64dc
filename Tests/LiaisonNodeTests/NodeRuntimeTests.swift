import LiaisonLink
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import Testing

@Suite("A running node", .serialized, .timeLimit(.minutes(5)))
struct NodeRuntimeTests {
  @Test("and its peer dial each other at once and end with one link, the same at both")
  func oneLink() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    for _ in 0..<5 {
      try await xa.run(peers: [xb]) { runtimeA in
        try await xb.run(peers: [xa]) { runtimeB in
          try await eventually("the links do not agree") {
            guard let a = await runtimeA.peerLinks[xb.handle], let b = await runtimeB.peerLinks[xa.handle] else {
              return false
            }
            let (countA, countB) = (await runtimeA.peerLinkCount, await runtimeB.peerLinkCount)
            return a.isDialledHere != b.isDialledHere && countA == 1 && countB == 1
          }
        }
      }
    }
  }

  @Test("reaches its peer again by itself, once the peer is back")
  func redial() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    try await xa.run(peers: [xb]) { runtimeA in
      for _ in 0..<3 {
        try await eventually("the dial does not fail") {
          await runtimeA.dialError(of: xb.handle) == .connectionRefused
        }
        try await xb.run(peers: [xa]) { _ in
          try await eventually("no link came") { await runtimeA.peerLinks[xb.handle] != nil }
          #expect(await runtimeA.dialError(of: xb.handle) == nil)
        }
        try await eventually("the link did not end") { await runtimeA.peerLinks[xb.handle] == nil }
      }
    }
  }

  @Test("ends a suspended peer's links at once, of every kind, and refuses new ones until it is active again")
  func suspension() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    try await xa.run(peers: [xb]) { runtime in
      let identity = LinkIdentity(xb.key)
      let control = try await xa.dial(.peer, as: identity)
      let bulk = try await xa.dial(.bulk, as: identity)
      try await eventually("no link") { await runtime.peerLinks[xb.handle] != nil }
      // An answer over the bulk link: it is being served.
      try await bulk.send(Frame(request: 1, .chunkQuery(room: .some, [])))
      _ = await bulk.frames.next(atMost: 1)
      let refusal = Frame.Failure(.notPermitted, "not accepted")

      await runtime.take(.registryChanged(LiveNode.table(suspended: [xb])))
      for await _ in control.frames {}
      for await _ in bulk.frames {}
      #expect(control.end == .refused(refusal))
      #expect(bulk.end == .refused(refusal))
      for kind in [LinkKind.peer, .bulk, .device] {
        await #expect(throws: LinkError.refused(refusal)) { _ = try await xa.dial(kind, as: identity) }
      }

      await runtime.take(.registryChanged(LiveNode.table(active: [xb])))
      let again = try await xa.dial(.peer, as: identity)
      try await eventually("no link") { await runtime.peerLinks[xb.handle] != nil }
      #expect(again.end == nil)
    }
  }

  @Test("enrols a device once, serves it, and ends its links when its member is revoked")
  func device() async throws {
    let xa = try LiveNode("xa")
    try await xa.run(peers: []) { runtime in
      let device = try await xa.enrol("nino", at: runtime)
      let thief = LiveDevice(address: device.address, invitation: device.invitation)
      await #expect(
        throws: RequestError.refused(Frame.Failure(.notPermitted, "this invitation has been used already"))
      ) { _ = try await thief.enrol(at: xa) }
      await #expect(throws: LinkError.refused(Frame.Failure(.notPermitted, "not accepted"))) {
        _ = try await xa.dial(.device, as: thief.identity)
      }

      let link = try await xa.dial(.device, as: device.identity)
      let bulk = try await xa.dial(.bulk, as: device.identity)
      try await bulk.send(Frame(request: 1, .chunkQuery(room: .some, [])))
      #expect(
        await bulk.frames.next(atMost: 1)
          == [Frame(request: 1, .failure(Frame.Failure(.notPermitted, "not a room of yours")))])
      try await Requester.with(link) { requester in
        guard case .directoryAnswer(let found) = try await requester.request(.directoryQuery(.text("nino"))) else {
          Issue.record("no answer from the directory")
          return
        }
        #expect(try found.cards.map { try $0.verified(by: xa.key.publicKey).content.address } == [device.address])
        let answer = await runtime.administer(.revoke(device.address, reason: "lost"))
        guard case .done = answer else {
          Issue.record("not revoked: \(answer)")
          return
        }
        _ = await link.closed()
        for await _ in bulk.frames {}
        #expect(bulk.end == .refused(Frame.Failure(.notPermitted, "not accepted")))
      }
      await #expect(throws: LinkError.refused(Frame.Failure(.notPermitted, "not accepted"))) {
        _ = try await xa.dial(.device, as: device.identity)
      }
    }
  }

  @Test("asks its peer's directory for its own device")
  func relay() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    try await xa.run(peers: [xb]) { runtimeA in
      try await xb.run(peers: [xa]) { runtimeB in
        let nino = try await xa.enrol("nino", at: runtimeA)
        let boris = try await xb.enrol("boris", at: runtimeB)
        try await eventually("no link") { await runtimeA.peerLinks[xb.handle] != nil }
        let link = try await xa.dial(.device, as: nino.identity)
        try await Requester.with(link) { requester in
          guard case .directoryAnswer(let found) = try await requester.request(.directoryQuery(.address(boris.address)))
          else {
            Issue.record("no answer from the directory")
            return
          }
          #expect(try found.cards.map { try $0.verified(by: xb.key.publicKey).content.address } == [boris.address])
        }
      }
    }
  }

  @Test("drops a device that breaks the protocol, and nobody else")
  func violation() async throws {
    let xa = try LiveNode("xa")
    try await xa.run(peers: []) { runtime in
      let (good, bad) = (try await xa.enrol("good", at: runtime), try await xa.enrol("bad", at: runtime))
      let honest = try await xa.dial(.device, as: good.identity)
      let hostile = try await xa.dial(.device, as: bad.identity)
      hostile.post([Frame(request: 1, .deliver(envelope: [1, 2, 3])), Frame(request: 2, .peersRequest)])
      for await _ in hostile.frames {}
      guard case .refused(let failure)? = hostile.end else {
        Issue.record("not closed with a reason: \(String(describing: hostile.end))")
        return
      }
      #expect(failure.reason == .malformed)
      try await honest.send(Frame(request: 3, .peersRequest))
      let answer = await honest.frames.next(atMost: 1)
      #expect(answer?.first?.request == 3)
    }
  }

  @Test("stops without waiting for anybody, with links standing and requests under way")
  func stops() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    let clock = ContinuousClock()
    let began = try await xa.run(peers: [xb]) { runtimeA in
      let nino = try await xa.enrol("nino", at: runtimeA)
      let link = try await xa.dial(.device, as: nino.identity)
      for number in 1...50 { link.post([Frame(request: UInt64(number), .peersRequest)]) }
      let silent = try await xa.dial(.peer, as: LinkIdentity(xb.key))
      try await eventually("no link") { await runtimeA.peerLinks[xb.handle] != nil }
      #expect(silent.end == nil)
      return clock.now
    }
    // It takes milliseconds; a wait for a silent peer would take half a minute.
    #expect(began.duration(to: clock.now) < .seconds(10))
  }
}

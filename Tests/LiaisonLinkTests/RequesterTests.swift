import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import Synchronization
import Testing

@Suite("A requester", .serialized, .timeLimit(.minutes(5)))
struct RequesterTests {
  let bench = LinkBench()

  @Test("joins answers to requests in whatever order they come, and hands on what was pushed")
  func correlation() async throws {
    // Answers every two requests in reverse, with a frame that nobody asked for in between.
    let serve: @Sendable (Link) async -> Void = { link in
      var held: [Frame] = []
      for await frame in link.frames {
        held.append(frame)
        guard held.count == 2, case .roomStateRequest = frame.body else { continue }
        link.post([Frame(.inboxAcknowledge(sequence: frame.request))])
        for frame in held.reversed() {
          guard case .roomStateRequest(let room) = frame.body else { continue }
          link.post([Frame(request: frame.request, .keyPackages([room.bytes]))])
        }
        held = []
      }
    }
    let pushed = Count()
    try await bench.withListener(serve: serve) { endpoint in
      let link = try await bench.dial(endpoint, .device)
      try await Requester.with(link, received: { pushed.add($0.count) }) { requester in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<200 {
            group.addTask {
              let room = bench.room()
              let answer = try await requester.request(.roomStateRequest(room))
              #expect(answer == .keyPackages([room.bytes]))
            }
          }
          try await group.waitForAll()
        }
      }
      #expect(link.end == .closedHere)
    }
    #expect(pushed.value == 100)
  }

  @Test("keeps at most 64 requests under way")
  func bound() async throws {
    let most = Count()
    let serve: @Sendable (Link) async -> Void = { link in
      var held: [UInt64] = []
      for await frame in link.frames {
        held.append(frame.request)
        most.add()
        guard held.count == Limits.pendingRequestsMax else { continue }
        try? await Task.sleep(for: .milliseconds(50))
        most.add(-held.count)
        link.post(held.map { Frame(request: $0, .done) })
        held = []
      }
    }
    try await bench.withListener(serve: serve) { endpoint in
      let link = try await bench.dial(endpoint, .device)
      try await Requester.with(link) { requester in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<(4 * Limits.pendingRequestsMax) {
            group.addTask {
              let answer = try await requester.request(.peersRequest)
              #expect(answer == .done)
            }
          }
          try await group.waitForAll()
        }
      }
    }
    #expect(most.highest == Limits.pendingRequestsMax)
  }

  @Test("fails with the reason when the request is refused, the link ends, or time runs out")
  func failures() async throws {
    let serve: @Sendable (Link) async -> Void = { link in
      for await frame in link.frames {
        switch frame.body {
        case .peersRequest: link.post([Frame(request: frame.request, .failure(Frame.Failure(.later, "full")))])
        case .directoryQuery: return
        default: break
        }
      }
    }
    try await bench.withListener(serve: serve) { endpoint in
      let link = try await bench.dial(endpoint, .device)
      try await Requester.with(link) { requester in
        await #expect(throws: RequestError.refused(Frame.Failure(.later, "full"))) {
          _ = try await requester.request(.peersRequest)
        }
        await #expect(throws: RequestError.timeout) {
          _ = try await requester.request(.roomStateRequest(bench.room()), timeoutMilliseconds: 100)
        }
        await withTaskGroup(of: Void.self) { group in
          group.addTask {
            await #expect(throws: RequestError.cancelled) {
              _ = try await requester.request(.roomStateRequest(bench.room()))
            }
          }
          try? await Task.sleep(for: .milliseconds(50))
          group.cancelAll()
        }
        await withTaskGroup(of: Void.self) { group in
          group.addTask {
            await #expect(throws: RequestError.ended(.closed)) {
              _ = try await requester.request(.roomStateRequest(bench.room()))
            }
          }
          await #expect(throws: RequestError.ended(.closed)) {
            _ = try await requester.request(.directoryQuery(.text("x")))
          }
        }
        await #expect(throws: RequestError.ended(.closed)) { _ = try await requester.request(.peersRequest) }
      }
    }
  }
}

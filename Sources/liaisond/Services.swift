internal import LiaisonAdmin
internal import LiaisonLink
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonStore
internal import Logging
internal import ServiceLifecycle

extension NodeRuntime: AdministeredNode {}

/// The node itself.
struct NodeService: Service {
  let runtime: NodeRuntime<SQLiteNodeStore>
  let listener: LinkListener
  let keeper: TrustKeeper
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await runtime.run(on: listener) { card in
        do throws(Frame.Failure) { try await keeper.received(card) } catch {
          logger.warning("a peer's next card was not taken", metadata: ["why": "\(error.text)"])
        }
      }
    }
  }
}

/// Answers administrators.
struct AdminSocketService: Service {
  let server: AdminServer
  let service: AdminService

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await server.run { frame in await service.answer(frame) } }
    } catch is CancellationError {}
  }
}

/// Notices cards that expire while the node runs.
struct ExpiryService: Service {
  let keeper: TrustKeeper

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while true {
        try await Task.sleep(for: .seconds(30))
        await keeper.refresh()
      }
    }
  }
}

internal import LiaisonAdmin
internal import LiaisonLink
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonStore
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

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

/// Waits to be told to stop, and then ends the group. Signals are caught from when this is made, so that a node that has
/// said that it listens always stops in order.
struct StopService: Service {
  private let signals: UnixSignalsSequence

  init() async { signals = await UnixSignalsSequence(trapping: .sigterm, .sigint) }

  func run() async throws {
    for await _ in signals.cancelOnGracefulShutdown() { return }
  }
}

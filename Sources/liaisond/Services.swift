internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonStore
internal import LiaisonTrust
internal import Logging
internal import ServiceLifecycle

extension NodeRuntime: AdministeredNode {}

/// The node itself.
struct NodeService: Service {
  let handle: Handle
  let runtime: NodeRuntime<SQLiteNodeStore>
  let listener: LinkListener
  let keeper: TrustKeeper
  let logger: Logger

  func run() async throws {
    // Said only now, when signals are caught: whoever reads it may end the node, which then stops in order.
    logger.notice("listening", metadata: ["node": "\(handle)", "address": "\(listener.endpoint)"])
    await cancelWhenGracefulShutdown {
      await runtime.run(on: listener, witness: keeper) { link in await keeper.refused(link) }
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

/// Verifies what a quick start left: the signatures under decisions about members. The node ends where one is wrong.
struct SignatureService: Service {
  let entries: [[UInt8]]

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await TrustLog.verify(entries) }
    } catch let fault as TrustLogFault {
      throw CommandError(.badData, fault.sentence)
    } catch is CancellationError {}
    try? await gracefulShutdown()
  }
}

/// Has the trust log's head say what the audit log holds: each hour, and when the node stops.
struct SealingService: Service {
  let keeper: TrustKeeper
  let logger: Logger

  func run() async throws {
    await seal()
    try? await cancelWhenGracefulShutdown {
      while true {
        try await Task.sleep(for: .seconds(3600))
        await seal()
      }
    }
    keeper.audit?.append(AuditEvent(.nodeStopped, who: "this node", what: "it was told to stop"), at: .now)
    await seal()
  }

  private func seal() async {
    do throws(Frame.Failure) { try await keeper.seal() } catch {
      logger.warning("the audit log could not be sealed", metadata: ["why": "\(error.text)"])
    }
  }
}

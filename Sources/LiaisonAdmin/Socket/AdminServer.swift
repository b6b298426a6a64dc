package import CommandKit
internal import NIOCore
internal import NIOPosix

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The node's side of the administrators' socket. Whoever may open it may ask; the file's mode says who that is.
package struct AdminServer: Sendable {
  private let server: NIOAsyncChannel<NIOAsyncChannel<AdminFrame, AdminFrame>, Never>
  private let path: String

  /// Listens on `home`'s socket, which must not be in use: the caller holds the home's lock.
  package init(_ home: NodeHome) async throws(CommandError) {
    path = home.socket
    do {
      server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 16)
        .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
          channel.eventLoop.makeCompletedFuture { try channel.adminFrames() }
        }
      chmod(path, 0o600)
    } catch SocketAddressError.unixDomainSocketPathTooLong {
      throw CommandError(
        .configuration, "the path \(escaped(path)) is too long for a socket; use a home with a shorter name")
    } catch {
      throw CommandError(.inputOutput, "cannot listen on \(escaped(path)): \(escaped(String(describing: error)))")
    }
  }

  /// Answers requests until the task is cancelled, then takes the socket away.
  package func run(answering answer: @escaping @Sendable (AdminFrame) async -> AdminFrame) async throws {
    defer { unlink(path) }
    try await server.executeThenClose { clients in
      try await withThrowingDiscardingTaskGroup { group in
        for try await client in clients {
          group.addTask { await Self.serve(client, answer) }
        }
      }
    }
  }

  /// One connection: a malformed frame ends it and disturbs nobody else.
  private static func serve(
    _ client: NIOAsyncChannel<AdminFrame, AdminFrame>, _ answer: @Sendable (AdminFrame) async -> AdminFrame
  ) async {
    try? await client.executeThenClose { inbound, outbound in
      for try await frame in inbound { try await outbound.write(await answer(frame)) }
    }
  }
}

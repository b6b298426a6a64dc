package import CommandKit
internal import NIOCore
internal import NIOPosix

/// The administrator's side of the socket: asks the node of a home.
package struct AdminClient: Sendable {
  private let home: NodeHome

  /// A client of the node that runs on `home`.
  package init(_ home: NodeHome) { self.home = home }

  /// Asks, and gives the answer. Throws "unavailable" where no node runs, and what a failure means.
  package func ask(_ body: AdminFrame.OneOf_Body) async throws(CommandError) -> AdminFrame.OneOf_Body {
    try home.checkExists()
    var request = AdminFrame()
    request.body = body
    let frame: AdminFrame?
    do { frame = try await exchange(request) } catch let error as CommandError { throw error } catch {
      throw CommandError(.unavailable, "the node of \(escaped(home.folder)) ended the connection")
    }
    switch frame?.body {
    case .failure(let failure): throw CommandError(Self.status(failure.reason), escaped(failure.text))
    case let answer?: return answer
    case nil: throw CommandError(.unavailable, "the node of \(escaped(home.folder)) did not answer")
    }
  }

  private func exchange(_ request: AdminFrame) async throws -> AdminFrame? {
    let client: NIOAsyncChannel<AdminFrame, AdminFrame>
    do {
      client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(unixDomainSocketPath: home.socket) { channel in
          channel.eventLoop.makeCompletedFuture { try channel.adminFrames() }
        }
    } catch {
      throw CommandError(
        .unavailable,
        "no node runs on \(escaped(home.folder)); start it with liaisond run --home \(escaped(home.folder))")
    }
    return try await client.executeThenClose { inbound, outbound in
      try await outbound.write(request)
      var answers = inbound.makeAsyncIterator()
      return try await answers.next()
    }
  }

  private static func status(_ reason: AdminFailure.Reason) -> ExitStatus {
    switch reason {
    case .malformed: .badData
    case .unknown: .noInput
    case .notPermitted, .limit: .notPermitted
    case .unavailable: .unavailable
    case .later: .tryAgain
    case .conflict: .cannotCreate
    case .unspecified, .UNRECOGNIZED: .software
    }
  }
}

import CommandKit
import Foundation
import LiaisonAdmin
import LiaisonModel
import NIOCore
import NIOPosix
import Sodium
import SwiftProtobuf
import TestKit
import Testing

@Suite("The administrators' socket") struct AdminSocketTests {
  private let folder: TemporaryDirectory
  private let home: NodeHome

  init() throws {
    folder = try TemporaryDirectory()
    home = NodeHome(folder.url.path)
    try FileManager.default.createDirectory(atPath: home.folder + "/keys", withIntermediateDirectories: true)
    _ = try KeyFile.create(at: home.storeKey, passphrase: nil, parameters: .minimum)
  }

  /// Runs `body` beside a server that gives each queue's name back, and fails for one name.
  private func serving(_ body: (AdminClient) async throws -> Void) async throws {
    let server = try await AdminServer(home)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await server.run { request in
          var answer = AdminFrame()
          if case .queueRequest("bad") = request.body {
            var failure = AdminFailure()
            failure.reason = .notPermitted
            failure.text = "no\u{1B}[2J"
            answer.failure = failure
          } else if case .queueRequest(let name) = request.body {
            answer.peerRequest = name
          }
          return answer
        }
      }
      try await body(AdminClient(home))
      group.cancelAll()
    }
  }

  @Test("a request is answered; a failure comes with its status, its text escaped")
  func answers() async throws {
    try await serving { client in
      guard case .peerRequest("xb") = try await client.ask(.queueRequest("xb")) else {
        Issue.record("another answer")
        return
      }
      let error = await #expect(throws: CommandError.self) { try await client.ask(.queueRequest("bad")) }
      #expect(error == CommandError(.notPermitted, "no\\u{1B}[2J"))
      // An answer without content is none.
      await #expect(throws: CommandError.self) { try await client.ask(.statusRequest(AdminEmpty())) }
    }
    #expect(!FileManager.default.fileExists(atPath: home.socket))
  }

  @Test("the socket is its user's alone")
  func mode() async throws {
    try await serving { _ in
      let attributes = try FileManager.default.attributesOfItem(atPath: home.socket)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test(
    "garbage, an oversized frame, an empty one and half a frame lose their connection, and nobody else notices",
    arguments: [
      [UInt8](repeating: 0, count: 1 << 20), [0xFF, 0xFF, 0xFF, 0xFF, 1], [0, 0, 0, 0],
      [0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 9, 1],
    ])
  func garbage(bytes: [UInt8]) async throws {
    try await serving { client in
      let stranger = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(unixDomainSocketPath: home.socket).get()
      try? await stranger.writeAndFlush(ByteBuffer(bytes: bytes))
      guard case .peerRequest("xb") = try await client.ask(.queueRequest("xb")) else {
        Issue.record("another answer")
        return
      }
      if bytes.count != 5 || bytes[0] == 0xFF {
        // What cannot become a frame ends the connection; half a frame waits for its other half.
        try await stranger.closeFuture.get()
      } else {
        try await stranger.close()
      }
    }
  }

  @Test("a request that comes byte by byte, and two that come at once, are answered")
  func fragments() async throws {
    try await serving { _ in
      var request = AdminFrame()
      request.queueRequest = "xb"
      let body: [UInt8] = try request.serializedBytes()
      let frame: [UInt8] = [0, 0, 0, UInt8(body.count)] + body
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(unixDomainSocketPath: home.socket) { channel in
          channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
          }
        }
      try await channel.executeThenClose { inbound, outbound in
        for byte in frame { try await outbound.write(ByteBuffer(bytes: [byte])) }
        try await outbound.write(ByteBuffer(bytes: frame + frame))
        var received = 0
        for try await buffer in inbound {
          received += buffer.readableBytes
          if received >= 3 * frame.count { break }
        }
        #expect(received == 3 * frame.count)
      }
    }
  }

  @Test("without a node the client says so; without a home too")
  func nobody() async throws {
    let error = await #expect(throws: CommandError.self) { try await AdminClient(home).ask(.peerRequest("xb")) }
    #expect(error?.status == .unavailable)
    let missing = AdminClient(NodeHome(folder.path("missing")))
    let other = await #expect(throws: CommandError.self) { try await missing.ask(.peerRequest("xb")) }
    #expect(other?.status == .noInput)
  }
}

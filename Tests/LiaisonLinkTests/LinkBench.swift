import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Two nodes' keys and Hellos, and a listener on a port of the system's choice.
struct LinkBench: Sendable {
  let key = SigningKey<NodePurpose>()
  let other = SigningKey<NodePurpose>()
  var timing = LinkTiming()

  var identity: LinkIdentity { LinkIdentity(key) }
  var otherIdentity: LinkIdentity { LinkIdentity(other) }

  static func hello(_ name: String, versions: ClosedRange<UInt32> = ProtocolVersion.supported) -> Frame.Hello {
    Frame.Hello(versions: versions, clock: .now(), software: name)
  }

  /// Why a link does not come to be; `nil` where it does.
  func dialError(
    _ endpoint: Endpoint, as identity: LinkIdentity? = nil, _ kind: LinkKind = .peer,
    expecting keys: Set<NodeKey>? = nil,
    versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) async -> LinkError? {
    do {
      _ = try await dial(endpoint, as: identity, kind, expecting: keys, versions: versions)
      return nil
    } catch { return error }
  }

  func room() -> RoomIdentifier {
    var generator = SystemRandomNumberGenerator()
    return RoomIdentifier(using: &generator)
  }

  static let echo: @Sendable (Link) async -> Void = { link in
    for await frame in link.frames { guard (try? await link.send(frame)) != nil else { return } }
  }

  /// Runs `body` while a listener serves links with `serve`; only `other`'s key is accepted.
  func withListener<Value: Sendable>(
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    serverVersions: ClosedRange<UInt32> = ProtocolVersion.supported,
    serve: @escaping @Sendable (Link) async -> Void = echo,
    _ body: @Sendable (Endpoint) async throws -> Value
  ) async throws -> Value {
    let listener = try await LinkListener.listen(
      on: try Endpoint(host: "127.0.0.1", port: 0), as: identity, timing: timing, logger: logger)
    let accepted = other.publicKey.bytes
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await listener.run { _, key in
          key == accepted
            ? .accepted(Self.hello("listener", versions: serverVersions))
            : .refused(Frame.Failure(.notPermitted, "not accepted"))
        } serve: {
          await serve($0)
        }
      }
      defer { group.cancelAll() }
      return try await body(listener.endpoint)
    }
  }

  func dial(
    _ endpoint: Endpoint, as identity: LinkIdentity? = nil, _ kind: LinkKind = .peer,
    expecting keys: Set<NodeKey>? = nil,
    versions: ClosedRange<UInt32> = ProtocolVersion.supported
  ) async throws(LinkError) -> Link {
    try await LinkDialer.dial(
      endpoint, as: identity ?? otherIdentity, kind, expecting: keys ?? [key.publicKey],
      hello: Self.hello("dialler", versions: versions), timing: timing)
  }
}

/// Keeps log lines for a test to look at.
final class LogLines: Sendable {
  private let lines = Mutex<[(message: String, metadata: Logger.Metadata)]>([])

  var all: [(message: String, metadata: Logger.Metadata)] { lines.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append(("\(event.message)", event.metadata ?? [:])) }
    }
  }
}

/// Counts across tasks.
final class Count: Sendable {
  private let state = Mutex((value: 0, highest: 0))

  var value: Int { state.withLock { $0.value } }
  var highest: Int { state.withLock { $0.highest } }

  @discardableResult
  func add(_ number: Int = 1) -> Int {
    state.withLock { state in
      state.value += number
      state.highest = max(state.highest, state.value)
      return state.value
    }
  }
}

internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol

/// One bulk link to each node that chunks are being pulled from; it is dialled when it is wanted, and closed once nobody
/// has wanted it for a while.
actor OriginLinks {
  private struct Entry {
    let requester: Requester
    var users: Int
    var idleSince: ContinuousClock.Instant
  }

  private static let idleMax = Duration.seconds(30)

  private let dial: @Sendable (Handle) async throws(Frame.Failure) -> Link
  private let dials = SingleFlight<Handle, Result<Link, Frame.Failure>>()
  private var entries: [Handle: Entry] = [:]
  private let started: AsyncStream<(Handle, Requester)>
  private let starter: AsyncStream<(Handle, Requester)>.Continuation

  init(dial: @escaping @Sendable (Handle) async throws(Frame.Failure) -> Link) {
    self.dial = dial
    (started, starter) = AsyncStream.makeStream()
  }

  /// Keeps the links, until the task is cancelled; then closes them.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask {
        while (try? await Task.sleep(for: Self.idleMax / 2)) != nil { await self.closeIdle() }
      }
      for await (handle, requester) in started {
        group.addTask {
          await requester.run { _ in }
          requester.link.close()
          await self.ended(handle, requester)
        }
      }
      group.cancelAll()
    }
    for entry in entries.values { entry.requester.link.close() }
  }

  /// Asks the node for one thing. A link that ended meanwhile is dialled once more.
  func request(_ body: Frame.Body, of handle: Handle) async throws(Frame.Failure) -> Frame.Body {
    for isLast in [false, true] {
      let requester = try await requester(for: handle)
      defer { release(handle, requester) }
      do { return try await requester.request(body) } catch {
        switch error {
        case .refused(let failure): throw failure
        case .ended where !isLast: continue
        case .ended, .timeout, .cancelled: break
        }
      }
      break
    }
    throw .unavailable("the node that the document comes from does not answer now")
  }

  /// Closes the link to a node that is no longer trusted.
  func close(_ handle: Handle) { entries.removeValue(forKey: handle)?.requester.link.close() }

  private func requester(for handle: Handle) async throws(Frame.Failure) -> Requester {
    if let requester = use(handle) { return requester }
    let dial = dial
    let dialled = await dials.value(for: handle) { () async -> Result<Link, Frame.Failure> in
      do throws(Frame.Failure) { return .success(try await dial(handle)) } catch { return .failure(error) }
    }
    // Whoever waited for the same dial may have been here first.
    if let requester = use(handle) { return requester }
    guard let dialled else { throw .unavailable("this node is ending") }
    let requester = Requester(try dialled.get())
    entries[handle] = Entry(requester: requester, users: 1, idleSince: .now)
    starter.yield((handle, requester))
    return requester
  }

  private func use(_ handle: Handle) -> Requester? {
    guard let entry = entries[handle], entry.requester.link.end == nil else { return nil }
    entries[handle]?.users += 1
    return entry.requester
  }

  private func release(_ handle: Handle, _ requester: Requester) {
    guard entries[handle]?.requester === requester else { return }
    entries[handle]?.users -= 1
    entries[handle]?.idleSince = .now
  }

  private func ended(_ handle: Handle, _ requester: Requester) {
    if entries[handle]?.requester === requester { entries[handle] = nil }
  }

  private func closeIdle() {
    for (handle, entry) in entries where entry.users == 0 && entry.idleSince.duration(to: .now) > Self.idleMax {
      entries[handle] = nil
      entry.requester.link.close()
    }
  }
}

internal import LiaisonModel
package import LiaisonProtocol
internal import NIOCore
internal import Synchronization

/// Why a link ended; set once.
final class LinkEnding: Sendable {
  private let error = Mutex<LinkError?>(nil)
  func set(_ error: LinkError) { self.error.withLock { $0 = $0 ?? error } }
  var value: LinkError? { error.withLock { $0 } }
}

/// An established link: the other side has proved its key, and both have said Hello. It closes when it is let go.
package final class Link: Sendable {
  /// Bytes on their way at which ``send(_:)`` waits.
  static let sendBytesHigh = 1 << 20
  /// Bytes on their way at which a link that is posted to is given up: more than a node pushes, and a few of the largest
  /// answers.
  static let postBytesMax = 32 << 20
  /// Bytes on their way at which ``whenDrained(_:)`` calls it drained: enough that the connection does not fall idle.
  static let drainedBytes = 64 << 10
  /// Bytes that the system takes and has not sent yet: what is in the system's hands is overtaken by nothing.
  static let unsentBytesMax = 128 << 10

  package let kind: LinkKind
  /// The Ed25519 key that the other side proved, 32 bytes.
  package let remoteKey: [UInt8]
  /// The other side's network address, for people.
  package let remoteAddress: String
  package let remoteHello: Frame.Hello
  /// The version of the protocol that both sides speak.
  package let version: UInt32
  /// The other side's clock less ours, at its Hello.
  package let clockDifferenceMilliseconds: Int64
  /// Whether this side dialled.
  package let isDialled: Bool
  /// What the other side sends, without keep-alive; one reader. It ends with the link.
  package let frames: FrameQueue

  let budget = Budget(limit: Link.sendBytesHigh)
  let ending = LinkEnding()
  let channel: any Channel
  private let finish: @Sendable (LinkError, Frame.Failure?) -> Void

  init(
    secured: LinkHandler.Secured, agreement: LinkHandshake.Agreement, isDialled: Bool, channel: any Channel,
    frames: FrameQueue, finish: @escaping @Sendable (LinkError, Frame.Failure?) -> Void
  ) {
    kind = secured.kind
    remoteKey = secured.key
    remoteAddress = secured.remoteAddress
    remoteHello = agreement.hello
    version = agreement.version
    clockDifferenceMilliseconds = agreement.clockDifferenceMilliseconds
    self.isDialled = isDialled
    self.channel = channel
    self.frames = frames
    self.finish = finish
  }

  deinit { finish(.closedHere, nil) }

  /// Why the link ended; `nil` while it stands.
  package var end: LinkError? { ending.value }

  /// Bytes that were sent here and that the system has not taken yet.
  package var bytesUnderway: Int { budget.used }

  /// Calls `body` once, as soon as little of what was sent here is left on this side. Never after the end of the link.
  package func whenDrained(_ body: @escaping @Sendable () -> Void) {
    budget.whenUsed(atMost: Self.drainedBytes, body)
  }

  /// Waits while too much is on its way; `false` where the link ended or the task was cancelled.
  nonisolated(nonsending) package func drained() async -> Bool { await budget.take(0) }

  /// Sends a frame, waiting while too much is on its way. Frames of one task arrive in its order.
  package func send(_ frame: Frame) async throws(LinkError) {
    let (head, chunk) = frame.buffers
    let weight = head.readableBytes + (chunk?.readableBytes ?? 0)
    precondition(weight <= 4 + Limits.frameBytesMax, "a frame of our own is longer than the protocol allows")
    guard await budget.take(weight) else { throw end ?? .cancelled }
    write(head, chunk, weight: weight)
  }

  /// Sends frames without waiting. The caller bounds what it posts; a link that falls too far behind is closed.
  package func post(_ frames: [Frame]) {
    guard !frames.isEmpty, end == nil else { return }
    let bytes = ByteBuffer(frames: frames)
    let weight = bytes.readableBytes
    guard budget.takeNow(weight) <= Self.postBytesMax + weight else {
      budget.giveBack(weight)
      return finish(.overflow, nil)
    }
    write(bytes, weight: weight)
  }

  private func write(_ bytes: ByteBuffer, _ chunk: ByteBuffer? = nil, weight: Int) {
    let done = channel.eventLoop.makePromise(of: Void.self)
    let budget = budget
    done.futureResult.whenComplete { _ in budget.giveBack(weight) }
    guard let chunk else { return channel.writeAndFlush(bytes, promise: done) }
    // Nobody else's bytes may come between the two.
    channel.eventLoop.execute { [channel] in
      channel.write(bytes, promise: nil)
      channel.writeAndFlush(chunk, promise: done)
    }
  }

  /// Ends the link, after `failure` as this side's last word where there is one. What was sent before still goes out.
  package func close(saying failure: Frame.Failure? = nil) {
    ending.set(.closedHere)
    finish(.closedHere, failure)
  }

  /// Returns when the connection is gone, with the reason.
  package func closed() async -> LinkError {
    // The future of a channel's end does not fail.
    try? await channel.closeFuture.get()
    return end ?? .closed
  }
}

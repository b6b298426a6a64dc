import LiaisonLink
import LiaisonModel
import LiaisonProtocol
import NIOCore
import Testing

@Suite("The frame decoder")
struct FrameDecoderTests {
  let frames = [
    Frame(.ping), Frame(request: 1, .done), Frame(.deliver(envelope: [UInt8](repeating: 7, count: 300))),
    Frame(request: .max, .failure(Frame.Failure(.later, "full"))),
  ]
  var stream: [UInt8] { Array(ByteBuffer(frames: frames).readableBytesView) }

  @Test("gives the same frames however the bytes are cut")
  func everyCut() throws {
    for first in 0...stream.count {
      var decoder = FrameDecoder()
      var got: [Frame] = []
      for part in [stream[..<first], stream[first...]] {
        decoder.append(ByteBuffer(bytes: part))
        while let body = try decoder.next() { got.append(try Frame(body: body)) }
      }
      #expect(got == frames)
      #expect(decoder.buffered == 0)
    }
  }

  @Test("takes bytes one by one")
  func dripFed() throws {
    var decoder = FrameDecoder()
    var got: [Frame] = []
    for byte in stream {
      decoder.append(ByteBuffer(bytes: [byte]))
      while let body = try decoder.next() { got.append(try Frame(body: body)) }
    }
    #expect(got == frames)
  }

  @Test("gives nothing for any part of a frame")
  func truncated() throws {
    let whole = Array(ByteBuffer(frames: [frames[2]]).readableBytesView)
    for count in 0..<whole.count {
      var decoder = FrameDecoder()
      decoder.append(ByteBuffer(bytes: whole.prefix(count)))
      #expect(try decoder.next() == nil)
      #expect(decoder.buffered == count)
    }
  }

  @Test("refuses a length above its bound as soon as the length is there, and an empty frame")
  func bounds() throws {
    for (length, isTaken) in [(UInt32(16), true), (17, false), (.max, false), (0, false)] {
      var decoder = FrameDecoder(bytesMax: 16)
      decoder.append(ByteBuffer(integer: length))
      if isTaken {
        #expect(try decoder.next() == nil)
      } else {
        #expect(throws: LinkError.self) { try decoder.next() }
      }
    }
  }
}

@Suite("The handshake")
struct LinkHandshakeTests {
  let ours = Frame.Hello(versions: 1...2, clock: Timestamp(milliseconds: 1000), software: "ours")
  let theirs = Frame.Hello(versions: 2...4, clock: Timestamp(milliseconds: 1500), software: "theirs")
  let now = Timestamp(milliseconds: 1200)

  var acceptor: LinkHandshake {
    var handshake = LinkHandshake(.acceptor)
    _ = handshake.secured()
    _ = handshake.decided(.accepted(ours))
    return handshake
  }

  var established: LinkHandshake {
    var handshake = acceptor
    _ = handshake.received(Frame(.hello(theirs)), at: now)
    return handshake
  }

  @Test("of a dialler: Hello at once, then theirs")
  func dialler() {
    var handshake = LinkHandshake(.dialler(ours))
    #expect(!handshake.takesFrames)
    #expect(handshake.secured() == .send(Frame(.hello(ours))))
    #expect(
      handshake.received(Frame(.hello(theirs)), at: now)
        == .established(.init(hello: theirs, version: 2, clockDifferenceMilliseconds: 300)))
  }

  @Test("of an acceptor: nothing is taken before the decision")
  func deciding() {
    var handshake = LinkHandshake(.acceptor)
    #expect(handshake.secured() == .decide)
    #expect(!handshake.takesFrames)
    #expect(handshake.decided(.accepted(ours)) == .send(Frame(.hello(ours))))
    #expect(handshake.takesFrames)
  }

  @Test("of an acceptor that refuses: the reason, and no Hello")
  func refusing() {
    let failure = Frame.Failure(.notPermitted, "not accepted")
    var handshake = LinkHandshake(.acceptor)
    _ = handshake.secured()
    #expect(handshake.decided(.refused(failure)) == .end(.closedHere, saying: failure))
    #expect(handshake.received(Frame(.hello(theirs)), at: now) == .none)
  }

  @Test("only a dialler takes a Failure in place of a Hello")
  func failureBeforeHello() {
    let failure = Frame(.failure(Frame.Failure(.notPermitted, "no")))
    var dialler = LinkHandshake(.dialler(ours))
    _ = dialler.secured()
    #expect(dialler.received(failure, at: now) == .end(.refused(Frame.Failure(.notPermitted, "no")), saying: nil))
    var acceptor = acceptor
    #expect(acceptor.received(failure, at: now) == .end(.malformed("a frame came before Hello"), saying: nil))
  }

  @Test("without a common version ends on both sides")
  func versions() {
    var handshake = acceptor
    var hello = theirs
    hello.versions = 3...9
    #expect(
      handshake.received(Frame(.hello(hello)), at: now) == .end(.version(ours: 1...2, theirs: 3...9), saying: nil))
  }

  @Test("afterwards Ping is answered, Pong is dropped, a second Hello ends the link, the rest is delivered")
  func afterwards() {
    var handshake = established
    #expect(handshake.received(Frame(.ping), at: now) == .send(Frame(.pong)))
    #expect(handshake.received(Frame(.pong), at: now) == .none)
    #expect(handshake.received(Frame(request: 3, .done), at: now) == .deliver(Frame(request: 3, .done)))
    let answer = Frame(request: 3, .failure(Frame.Failure(.unknown, "no such room")))
    #expect(handshake.received(answer, at: now) == .deliver(answer))
    #expect(handshake.received(Frame(.hello(theirs)), at: now) == .end(.malformed("a second Hello came"), saying: nil))
    #expect(handshake.received(Frame(.ping), at: now) == .none)
  }

  @Test("a Failure that answers no request is the last word")
  func lastWord() {
    var handshake = established
    let failure = Frame.Failure(.notPermitted, "suspended")
    #expect(handshake.received(Frame(.failure(failure)), at: now) == .end(.refused(failure), saying: nil))
  }

  @Test("a clock at the end of time does no harm")
  func clocks() {
    var handshake = acceptor
    var hello = theirs
    hello.clock = Timestamp(milliseconds: .max)
    guard case .established(let agreement) = handshake.received(Frame(.hello(hello)), at: now) else {
      Issue.record("not established")
      return
    }
    #expect(agreement.clockDifferenceMilliseconds == .max - 1200)
  }
}

@Suite("Keep-alive")
struct KeepAliveTests {
  @Test("asks after 20 s of silence, again after 40, and gives up after 60")
  func silence() {
    var keepAlive = KeepAlive(at: 1000)
    #expect(keepAlive.step(at: 1000) == .wait(until: 21_000))
    #expect(keepAlive.step(at: 20_999) == .wait(until: 21_000))
    #expect(keepAlive.step(at: 21_000) == .ping(lookAgainAt: 41_000))
    #expect(keepAlive.step(at: 30_000) == .wait(until: 41_000))
    #expect(keepAlive.step(at: 41_000) == .ping(lookAgainAt: 61_000))
    #expect(keepAlive.step(at: 60_999) == .wait(until: 61_000))
    #expect(keepAlive.step(at: 61_000) == .giveUp)
  }

  @Test("anything heard begins a new silence")
  func heard() {
    var keepAlive = KeepAlive(at: 0)
    #expect(keepAlive.step(at: 20_000) == .ping(lookAgainAt: 40_000))
    keepAlive.heard(at: 21_000)
    #expect(keepAlive.step(at: 40_000) == .wait(until: 41_000))
    #expect(keepAlive.step(at: 80_999) == .ping(lookAgainAt: 81_000))
    #expect(keepAlive.step(at: 81_000) == .giveUp)
  }

  @Test("a clock that steps back does not end a link")
  func backwards() {
    var keepAlive = KeepAlive(at: 100_000)
    #expect(keepAlive.step(at: 5) == .wait(until: 120_000))
  }
}

@Suite("Redialling")
struct RedialTests {
  /// SplitMix64.
  struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  @Test("waits 250 ms, then twice as long each time, a minute at most; jitter takes off half at most")
  func doubling() {
    var generator = Seeded(state: 1)
    let full: [UInt64] = [250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
    var longest = [UInt64](repeating: 0, count: full.count)
    var shortest = [UInt64](repeating: .max, count: full.count)
    for _ in 0..<1000 {
      var redial = Redial()
      for index in full.indices {
        let wait = redial.failed(using: &generator)
        #expect(full[index] - full[index] / 2 <= wait && wait <= full[index])
        longest[index] = max(longest[index], wait)
        shortest[index] = min(shortest[index], wait)
      }
      for _ in 0..<100 { #expect(redial.failed(using: &generator) <= 60_000) }
      redial.succeeded()
      #expect(redial.failed(using: &generator) <= 250)
    }
    // The jitter uses its whole range.
    for index in full.indices {
      #expect(longest[index] > full[index] * 95 / 100)
      #expect(shortest[index] < full[index] * 55 / 100)
    }
  }
}

@Suite("Simultaneous dialling")
struct SimultaneousDialTests {
  @Test("leaves one link, the same at both ends, in whatever order they come up")
  func converges() throws {
    let (xa, xb) = (try Handle("xa"), try Handle("xb"))
    for (first, second) in [(xa, xb), (xb, xa)] {
      let replaced = SimultaneousDial.replaces(
        standingDialledBy: first, standingForMilliseconds: 3, newDialledBy: second, between: xb, and: xa)
      #expect((replaced ? second : first) == xa)
    }
  }

  @Test("a peer that dials again has lost the old link")
  func replaces() throws {
    let (xa, xb) = (try Handle("xa"), try Handle("xb"))
    for dialler in [xa, xb] {
      #expect(
        SimultaneousDial.replaces(
          standingDialledBy: dialler, standingForMilliseconds: 0, newDialledBy: dialler, between: xa, and: xb))
    }
    #expect(
      SimultaneousDial.replaces(
        standingDialledBy: xa, standingForMilliseconds: 20_001, newDialledBy: xb, between: xa, and: xb))
    #expect(
      !SimultaneousDial.replaces(
        standingDialledBy: xa, standingForMilliseconds: 20_000, newDialledBy: xb, between: xa, and: xb))
  }
}

@Suite("The limit on log lines")
struct LogLimiterTests {
  @Test("lets a few through, then one an interval, and counts what it kept back")
  func limits() {
    var limiter = LogLimiter(burst: 2, intervalMilliseconds: 100, at: 0)
    #expect(limiter.admit(at: 0) == 0)
    #expect(limiter.admit(at: 0) == 0)
    #expect(limiter.admit(at: 50) == nil)
    #expect(limiter.admit(at: 99) == nil)
    #expect(limiter.admit(at: 100) == 2)
    #expect(limiter.admit(at: 150) == nil)
    #expect(limiter.admit(at: 10_000) == 1)
    #expect(limiter.admit(at: 10_000) == 0)
    #expect(limiter.admit(at: 10_000) == nil)
  }
}

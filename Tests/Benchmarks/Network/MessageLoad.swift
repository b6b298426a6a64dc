internal import Foundation
internal import LiaisonClient
internal import LiaisonModel
internal import ProcessKit
internal import Synchronization

/// Sends texts between pairs of devices and stamps each when the receiving device has stored it.
struct MessageLoad {
  let pairs: [Pair]
  /// Messages of one sender under way.
  let window: Int
  /// Messages a second over all senders, or as many as go.
  var rate: Double?
  var precedence = Precedence.routine

  /// How long what is under way at the end may take to arrive.
  private static let patienceSeconds = 30.0

  /// Warms up, then measures for `seconds`. `settled` runs between the two, `done` at the end of sending.
  func run(
    seconds: Double, warmUp: Double = 1, settled: @Sendable () -> Void = {}, done: @Sendable () -> Void = {}
  ) async throws -> Flights.Outcome {
    let run = Run()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, pair) in pairs.enumerated() {
        group.addTask { try await receive(pair, run) }
        group.addTask { try await send(pair, number, run) }
      }
      try await Task.sleep(for: .seconds(warmUp))
      // What was begun in the warm-up lands where it began.
      run.flights.giveUp()
      try await Task.sleep(for: .milliseconds(200))
      run.begin()
      settled()
      try await Task.sleep(for: .seconds(seconds))
      done()
      run.stop()
      let end = monotonicSeconds() + Self.patienceSeconds
      while run.flights.inFlight > 0, monotonicSeconds() < end {
        try await Task.sleep(for: .milliseconds(20))
      }
      run.flights.giveUp()
      try await group.waitForAll()
    }
    return run.flights.outcome
  }

  private func send(_ pair: Pair, _ number: Int, _ run: Run) async throws {
    let slots = Double(pairs.count * window)
    let pause = rate.map { slots / $0 }
    let precedence = precedence
    try await NodeClient.with(pair.sender) { client in
      try await client.sync()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for slot in 0..<window {
          group.addTask {
            // Evenly over all senders: where a rate is asked for, nobody sends beside another.
            if let pause { try await Task.sleep(for: .seconds(pause * Double(slot * pairs.count + number) / slots)) }
            while !run.isOver {
              let start = monotonicSeconds()
              let flights = run.flights
              let (token, text) = flights.begin()
              _ = try await client.send(Draft(.text(text), precedence: precedence, marking: .green), to: pair.room)
              _ = await flights.arrival(of: token)
              guard let pause else { continue }
              let rest = start + pause - monotonicSeconds()
              if rest > 0 { try await Task.sleep(for: .seconds(rest)) }
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  private func receive(_ pair: Pair, _ run: Run) async throws {
    let engine = pair.receiver
    try await NodeClient.with(engine) { client in
      try await client.sync()
      var position = try engine.lastPosition
      while true {
        let seen = position
        guard try await client.wait(milliseconds: 200, until: { try run.isOver || engine.lastPosition > seen }) else {
          continue
        }
        position = try engine.lastPosition
        for entry in try engine.inbox(unreadOnly: false, after: seen) {
          if case .text(let text)? = entry.message?.body { run.flights.land(text) }
          // One may have come between the two questions.
          position = max(position, entry.position)
        }
        if run.isOver, position == seen { try await Task.sleep(for: .milliseconds(50)) }
        if run.isOver, try await rests(client, engine, after: position) { return }
      }
    }
  }

  /// Whether nothing came for a second after the senders had stopped.
  private func rests(_ client: NodeClient, _ engine: Engine, after position: Int64) async throws -> Bool {
    try await !client.wait(milliseconds: 1000) { try engine.lastPosition > position }
  }
}

/// What the tasks of one load share.
private final class Run: Sendable {
  private let state = Mutex((flights: Flights(), isOver: false))

  /// The messages that count now.
  var flights: Flights { state.withLock { $0.flights } }
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Counts from here on.
  func begin() { state.withLock { $0.flights = Flights() } }
  func stop() { state.withLock { $0.isOver = true } }
}

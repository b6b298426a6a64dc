internal import Foundation
internal import ProcessKit
internal import Synchronization

/// Messages between their sender and their receiver, by a token in each text.
final class Flights: Sendable {
  private struct Flight {
    let began: Double
    var waiting: CheckedContinuation<Bool, Never>?
  }

  private struct State {
    var flying: [String: Flight] = [:]
    var landed: [String: Bool] = [:]
    var latencies: [Double] = []
    var firstBegan: Double?
    var lastLanded = 0.0
    var duplicates = 0
    var nextToken = 0
    var isOver = false
  }

  /// What came of a load.
  struct Outcome {
    let latencies: [Double]
    /// First sending to last arrival.
    let seconds: Double
    let lost: Int
    let duplicates: Int
    var rate: Double { seconds > 0 ? Double(latencies.count) / seconds : 0 }
  }

  private let state = Mutex(State())
  /// Keeps the tokens of one load apart from those of another.
  private let name = String(UInt64.random(in: .min ... .max), radix: 36)
  /// What follows the token: made once, so that making texts is no part of what is measured.
  private let filler = String((0..<256).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789 ".randomElement() })

  /// A text of 256 bytes that nobody else sends, and its token; its time begins now.
  func begin() -> (token: String, text: String) {
    let number = state.withLock { state in
      state.nextToken += 1
      return state.nextToken
    }
    let token = "\(name)-\(number)."
    let text = token + filler.prefix(256 - token.count)
    let now = monotonicSeconds()
    state.withLock { state in
      state.flying[token] = Flight(began: now)
      state.firstBegan = state.firstBegan ?? now
    }
    return (token, text)
  }

  /// The receiver has a text on its disk.
  func land(_ text: String) {
    guard text.hasPrefix(name + "-") else { return }
    let token = text.prefix { $0 != "." } + "."
    let now = monotonicSeconds()
    let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard let flight = state.flying.removeValue(forKey: String(token)) else {
        state.duplicates += 1
        return nil
      }
      state.latencies.append(now - flight.began)
      state.lastLanded = now
      if flight.waiting == nil { state.landed[String(token)] = true }
      return flight.waiting
    }
    waiting?.resume(returning: true)
  }

  /// Returns once a message has arrived; `false` where it did not before ``giveUp()``.
  func arrival(of token: String) async -> Bool {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Bool? in
        if state.landed.removeValue(forKey: token) != nil { return true }
        guard !state.isOver, state.flying[token] != nil else { return false }
        state.flying[token]?.waiting = continuation
        return nil
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  /// Messages that have not arrived.
  var inFlight: Int { state.withLock { $0.flying.count } }

  /// Nobody waits any longer.
  func giveUp() {
    let waiting = state.withLock { state in
      state.isOver = true
      defer { for token in state.flying.keys { state.flying[token]?.waiting = nil } }
      return state.flying.values.compactMap(\.waiting)
    }
    for continuation in waiting { continuation.resume(returning: false) }
  }

  var outcome: Outcome {
    state.withLock { state in
      Outcome(
        latencies: state.latencies, seconds: state.lastLanded - (state.firstBegan ?? state.lastLanded),
        lost: state.flying.count, duplicates: state.duplicates)
    }
  }
}

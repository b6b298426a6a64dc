package import LiaisonClient
package import LiaisonModel
package import LiaisonProtocol
internal import Synchronization
internal import TestKit

/// One program on one profile: a real engine over a real database, and a session over a simulated link.
package final class SimulatedDevice {
  package let name: String
  /// The profile's folder.
  package let path: String
  private unowned let region: Region
  private let index: Int
  private let random: @Sendable (Int) -> [UInt8]
  private var engine: Engine?
  private var session: Session?
  private var link: UInt64?
  private var lastRequest: UInt64 = 0
  private var pending: [UInt64: Work.Key] = [:]
  private var plannedWake: Timestamp?
  /// Whether inbox items are kept in ``held`` and not taken, for a test to play with.
  package var holdsInbox = false
  package var held: [Frame.InboxItem] = []
  /// Whether it stays away from its node.
  package var isOffline = false {
    didSet { if isOffline { disconnect() } else if !oldValue { return } else { connect() } }
  }

  init(_ region: Region, index: Int, name: String, path: String? = nil) throws {
    self.region = region
    self.index = index
    self.name = name
    let source = SeededSource(seed: region.generator.next())
    random = { source.bytes($0) }
    self.path = path ?? region.folder.path("device-\(index)")
    if path == nil { engine = try Profile.create(at: self.path, passphrase: nil, random: random) }
  }

  /// The engine, opened anew where the program has crashed.
  package func open() throws -> Engine {
    if let engine { return engine }
    let opened = try Profile.open(at: path, passphrase: nil, random: random)
    engine = opened
    return opened
  }

  package var address: Address { get throws { try open().identity.address } }

  // MARK: The link

  package func connect() {
    guard link == nil, !isOffline else { return }
    attempt {
      let engine = try open()
      let identity = try engine.identity
      let position = try engine.inboxPosition
      guard
        let number = region.connect(index, identity.device, to: identity.address.handle, position: position)
      else { return retryLater() }
      link = number
      session = Session(engine: engine, position: position)
    }
    pump()
  }

  private func retryLater() {
    region.after(UInt64.random(in: 100...1500, using: &region.generator)) { [weak self] in self?.connect() }
  }

  func lost(_ number: UInt64) {
    guard link == number else { return }
    drop()
    retryLater()
  }

  private func drop() {
    link = nil
    session = nil
    pending = [:]
    plannedWake = nil
  }

  private func disconnect() {
    guard let number = link else { return }
    drop()
    region.cut(number)
  }

  /// Ends the program at once; what its database committed is all that is left. It comes back after a while.
  package func crash() {
    let number = link
    drop()
    engine = nil
    if let number { region.cut(number) }
    region.after(region.outage()) { [weak self] in self?.connect() }
  }

  func received(_ frame: Frame, over number: UInt64) {
    guard link == number, session != nil else { return }
    if frame.request == 0 {
      guard case .inboxItem(let item) = frame.body else { return }
      if holdsInbox { held.append(item) } else { session?.push(item) }
    } else if let key = pending.removeValue(forKey: frame.request) {
      session?.answered(key, with: frame.body)
    }
    pump()
  }

  /// Sends what the session has to send.
  package func pump() {
    guard session != nil, let number = link else { return }
    var steps: [Session.Step] = []
    attempt { steps = try session?.next(now: region.now).steps ?? [] }
    for step in steps {
      if region.chance(region.faults.deviceCrashesPerMillion) { return crash() }
      switch step {
      case .acknowledge(let sequence):
        region.send(Frame(.inboxAcknowledge(sequence: sequence)), over: number, from: .device(index))
      case .ask(let work):
        lastRequest += 1
        pending[lastRequest] = work.key
        region.send(Frame(request: lastRequest, work.request), over: number, from: .device(index))
      }
      guard link == number else { return }
    }
    guard let wake = attempt({ try session?.nextWake }) ?? nil, wake > region.now,
      plannedWake.map({ wake < $0 }) ?? true
    else { return }
    plannedWake = wake
    region.after(wake.milliseconds - region.now.milliseconds + 1) { [weak self] in
      guard let self, plannedWake == wake else { return }
      plannedWake = nil
      pump()
    }
  }

  /// Whether nothing is left to be done or to be taken.
  package var isIdle: Bool {
    attempt {
      let engine = try open()
      guard isOffline || session?.isIdle == true else { return false }
      return try engine.isSettled
    } ?? false
  }

  /// Runs what must not throw.
  @discardableResult
  package func attempt<Result>(_ body: () throws -> Result) -> Result? {
    do { return try body() } catch {
      region.fail("\(name): \(error)")
      return nil
    }
  }

  /// Does something to the engine, and sends what came of it.
  @discardableResult
  package func act<Result>(_ body: (Engine, Timestamp) throws -> Result) throws -> Result {
    let result = try body(open(), region.now)
    pump()
    return result
  }

  /// Hands an inbox item to the session as if it came now.
  package func push(_ item: Frame.InboxItem) {
    session?.push(item)
    pump()
  }

  // MARK: What a person would do

  /// Sends a text to a room.
  @discardableResult
  package func say(
    _ text: String, to room: RoomIdentifier, precedence: Precedence = .routine
  ) throws -> MessageIdentifier {
    try act { try $0.send(Draft(.text(text), precedence: precedence, marking: .amber), to: room, now: $1) }
  }

  /// The texts of a room, in the order in which this device has them, with their senders.
  package func texts(of room: RoomIdentifier) throws -> [String] {
    try open().history(of: room).compactMap { entry in
      if case .text(let text)? = entry.message?.body { text } else { nil }
    }
  }
}

/// Random bytes that a seed repeats, for one engine.
private final class SeededSource: Sendable {
  private let generator: Mutex<SeededGenerator>

  init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

  func bytes(_ count: Int) -> [UInt8] { generator.withLock { $0.bytes(count) } }
}

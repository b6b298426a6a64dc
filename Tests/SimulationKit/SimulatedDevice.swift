package import LiaisonClient
package import LiaisonModel
package import LiaisonProtocol
package import NodeSimulation
internal import Synchronization
internal import TestKit

/// One program on one profile: a real engine over a real database, and a session over a simulated link.
package final class SimulatedDevice: LinkEnd {
  package let name: String
  private unowned let region: Region
  private let disk: DeviceDisk
  private let random: @Sendable (Int) -> [UInt8]
  private var engine: Engine?
  private var session: Session?
  private var link: SimulatedLink?
  private var lastRequest: UInt64 = 0
  private var pending: [UInt64: Work.Key] = [:]
  private var plannedWake: Timestamp?
  private var isDown = false
  /// How far its clock is ahead of everybody's.
  package var clockAheadMilliseconds: Int64 = 0 {
    didSet {
      plannedWake = nil
      planWake()
    }
  }
  /// Whether inbox items are kept in ``held`` and not taken, for a test to play with.
  package var holdsInbox = false
  package var held: [Frame.InboxItem] = []
  /// Whether it stays away from its node.
  package var isOffline = false {
    didSet { if isOffline { disconnect() } else if !oldValue { return } else { connect() } }
  }

  init(_ region: Region, index: Int, name: String, sharing other: SimulatedDevice? = nil) throws {
    self.region = region
    self.name = name
    let source = SeededSource(seed: region.network.random.next())
    random = { source.bytes($0) }
    if let other {
      disk = other.disk
    } else {
      disk = try DeviceDisk(region.folder.path("device-\(index)"), key: region.network.random.bytes(32))
    }
  }

  /// The profile's folder.
  package var path: String { disk.folder }

  /// Whether its disk takes nothing.
  package var isDiskFull: Bool {
    get { disk.isFull }
    set { disk.isFull = newValue }
  }

  /// The engine, opened anew where the program has crashed.
  package func open() throws -> Engine {
    if let engine { return engine }
    let opened = Engine(store: try disk.open(), random: random)
    engine = opened
    return opened
  }

  package var address: Address { get throws { try open().identity.address } }

  /// The time by its clock.
  package var clock: Timestamp { region.now.adding(signedMilliseconds: clockAheadMilliseconds) }

  // MARK: The link

  package func connect() {
    guard link == nil, !isOffline, !isDown else { return }
    attempt {
      let identity = try open().identity
      let node = try region.network.node(identity.address.handle)
      guard node.isUp else { return retryLater() }
      let hello = Frame.Hello(clock: clock, software: "simulated", inboxPosition: try open().inboxPosition)
      link = region.network.connect(self, to: node, .device(identity.linkKey.publicKey), hello: hello)
      position = hello.inboxPosition
    }
  }

  /// What the link's Hello named.
  private var position: UInt64 = 0

  private func later(_ milliseconds: ClosedRange<UInt64>, _ body: @escaping (SimulatedDevice) -> Void) {
    region.network.after(milliseconds: UInt64.random(in: milliseconds, using: &region.network.random)) { [weak self] in
      if let self { body(self) }
    }
  }

  private func retryLater() { later(100...1_500) { $0.connect() } }

  package func opened(_ link: SimulatedLink, with hello: Frame.Hello) {
    guard self.link === link else { return }
    attempt { session = Session(engine: try open(), position: position) }
    pump()
  }

  package func closed(_ link: SimulatedLink) {
    guard self.link === link else { return }
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
    let link = link
    drop()
    link?.close(from: self)
  }

  /// Ends the program at once; what its database committed is all that is left. It comes back after a while.
  package func crash() {
    let link = link
    drop()
    engine = nil
    isDown = true
    link?.close(from: self)
    later(200...4_000) {
      $0.isDown = false
      $0.connect()
    }
  }

  /// Backs up its profile, and gives the file.
  package func backUp() throws -> String {
    backups += 1
    let file = "\(disk.folder)/backup-\(backups)"
    try disk.open().copy(to: file, madeAt: clock)
    return file
  }

  private var backups = 0

  /// Goes on from a backup of its profile, which may be used again.
  package func restore(_ backup: String) throws {
    let link = link
    drop()
    engine = nil
    link?.close(from: self)
    try disk.replace(with: backup)
    _ = try open().beginAfterRestore(now: clock)
    retryLater()
  }

  package func received(_ frame: Frame, on link: SimulatedLink) {
    guard self.link === link, session != nil else { return }
    if frame.request == 0 {
      if case .dutyAnswer(let duties) = frame.body { session?.push(duties) }
      guard case .inboxItem(let item) = frame.body else { return pump() }
      if holdsInbox { held.append(item) } else { session?.push(item) }
    } else if let key = pending.removeValue(forKey: frame.request) {
      session?.answered(key, with: frame.body)
    }
    pump()
  }

  private var crashesNow: Bool { region.network.happens(.deviceCrash, oneIn: region.deviceFaults.crashOneIn) }

  /// Sends what the session has to send.
  package func pump() {
    guard session != nil, let link else { return }
    if crashesNow { return crash() }
    var steps: [Session.Step] = []
    attempt { steps = try session?.next(now: clock).steps ?? [] }
    guard self.link === link else { return }
    for step in steps {
      if crashesNow { return crash() }
      switch step {
      case .acknowledge(let sequence): link.send(Frame(.inboxAcknowledge(sequence: sequence)), from: self)
      case .ask(let work):
        lastRequest += 1
        pending[lastRequest] = work.key
        link.send(Frame(request: lastRequest, work.request), from: self)
      }
    }
    planWake()
  }

  private func planWake() {
    guard let wake = attempt({ try session?.nextWake(now: clock) }) ?? nil, wake > clock else { return }
    let at = region.now.adding(milliseconds: wake.milliseconds - clock.milliseconds + 1)
    guard plannedWake.map({ at < $0 }) ?? true else { return }
    plannedWake = at
    region.network.at(at) { [weak self] in
      guard let self, plannedWake == at else { return }
      plannedWake = nil
      pump()
    }
  }

  /// Whether nothing is left to be done or to be taken.
  package var isIdle: Bool {
    attempt {
      guard isOffline || session?.isIdle == true else { return false }
      return try open().isSettled
    } ?? false
  }

  /// Runs what must not throw, except that a full disk takes nothing: then the session is over, and begins anew.
  @discardableResult
  package func attempt<Result>(_ body: () throws -> Result) -> Result? {
    do { return try body() } catch {
      if disk.isFull {
        disconnect()
        retryLater()
      } else {
        region.fail("\(name): \(error)")
      }
      return nil
    }
  }

  /// Does something to the engine, and sends what came of it.
  @discardableResult
  package func act<Result>(_ body: (Engine, Timestamp) throws -> Result) throws -> Result {
    let result = try body(open(), clock)
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

  /// Compares the safety number with somebody, and confirms it.
  package func confirm(_ address: Address) throws {
    try act {
      _ = try $0.safetyNumber(with: address)
      try $0.confirm(address, now: $1)
    }
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

import NodeSimulation

/// How much was tried, in figures.
struct Summary {
  var runs = 0
  var nodes = 0
  var devices = 0
  var messages = 0
  /// Messages that had to be seen once by somebody, each by each of them, and were.
  var deliveries = 0
  var receipts = 0
  /// Messages that some node did not take, and whose sender was told.
  var refused = 0
  /// Messages that somebody missed and that were sent again.
  var sentAgain = 0
  /// Bundles that were made and that were taken, some cut short, repeated or old, and messages that came first by one.
  var bundlesMade = 0
  var bundlesTaken = 0
  var carried = 0
  var events = 0
  /// Epochs that another node than the hub ordered, or the hub once more.
  var takeovers = 0
  var faults: [FaultKind: Int] = [:]

  init() {}

  /// What a run has come to.
  init(_ scenario: Scenario) {
    self = scenario.summary
    runs = 1
    nodes = scenario.plan.nodes
    devices = scenario.plan.devices
    messages = scenario.sent.count
    events = scenario.region.network.trace.count
    takeovers = scenario.region.network.sortedNodes.reduce(0) { $0 + $1.count(.takeovers) }
    faults = scenario.region.network.faultCounts
  }

  mutating func add(_ other: Summary) {
    runs += other.runs
    nodes += other.nodes
    devices += other.devices
    messages += other.messages
    deliveries += other.deliveries
    receipts += other.receipts
    refused += other.refused
    sentAgain += other.sentAgain
    bundlesMade += other.bundlesMade
    bundlesTaken += other.bundlesTaken
    carried += other.carried
    events += other.events
    takeovers += other.takeovers
    faults.merge(other.faults, uniquingKeysWith: +)
  }

  /// In words, for the log.
  var words: String {
    let kinds = FaultKind.allCases.map { "\($0.rawValue) \(faults[$0, default: 0])" }.joined(separator: ", ")
    return """
      \(runs) regions: \(nodes) nodes, \(devices) devices, \(messages) messages, \(deliveries) deliveries, \
      \(receipts) receipts verified, \(refused) refused and told, \(sentAgain) sent again, \(takeovers) takeovers, \
      \(bundlesMade) bundles made and \(bundlesTaken) taken with \(carried) messages that had not come, \(events) events
      faults: \(kinds)
      """
  }
}

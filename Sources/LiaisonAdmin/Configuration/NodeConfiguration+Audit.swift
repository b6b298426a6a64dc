extension NodeConfiguration {
  /// All that is set, by the names of config.yaml.
  package var settings: [String: String] {
    [
      "listen": listen.description, "advertise": advertised.map(\.description).joined(separator: ", "),
      "log.level": logLevel.rawValue, "stop.seconds": "\(stopSeconds)",
    ]
  }
}

extension AuditEvent {
  /// What is other than it was at the last start, of which nothing may be known.
  package static func changes(from before: [String: String]?, to now: [String: String]) -> [AuditEvent] {
    guard let before else { return [] }
    return Set(before.keys).union(now.keys).sorted().filter { before[$0] != now[$0] }.map { key in
      AuditEvent(
        .configurationChanged, who: "whoever may edit it",
        what: "\(key) was \(before[key] ?? "not set"), and is \(now[key] ?? "not set")", why: "found at start")
    }
  }
}

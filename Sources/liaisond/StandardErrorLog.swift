internal import CommandKit
internal import LiaisonModel
internal import Logging

/// Lines on standard error: time, level, message, `key=value`. What a peer wrote in them is escaped.
struct StandardErrorLog: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(logLevel: Logger.Level) { self.logLevel = logLevel }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var line = "\(Timestamp.now.rfc3339) \(event.level) \(escaped(event.message.description))"
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      let text = escaped(value.description)
      line += " \(key)=" + (text.contains(" ") ? "\"\(text.replacing("\"", with: "'"))\"" : text)
    }
    Terminal.writeError(line + "\n")
  }
}

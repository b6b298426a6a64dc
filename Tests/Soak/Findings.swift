internal import Foundation
internal import Synchronization

/// What was not as it should be.
final class Findings: Sendable {
  private let list = Mutex<[String]>([])

  var all: [String] { list.withLock { $0 } }

  func add(_ finding: String) {
    list.withLock { $0.append(finding) }
    say("FINDING: \(finding)")
  }
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

import Foundation

/// What a person types and sees, as a file:
///
/// - `# …` says something to the reader.
/// - `$ command` is run by a shell in a fresh folder that all commands of the file share.
/// - What follows is expected on standard output, or, after `2> `, on standard error.
/// - `? N` is the expected exit status, 0 where nothing is said.
/// - A line `...` stands for any lines; `{time}`, `{words}`, `{hex}`, `{identifier}` for what differs each time (``Normal``).
struct Transcript: Sendable, CustomStringConvertible {
  struct Step: Sendable {
    var line: Int
    var command: String
    var output: [String] = []
    var errors: [String] = []
    var status: Int32 = 0
  }

  let name: String
  let steps: [Step]

  var description: String { name }

  /// A line that belongs to no command.
  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  init(name: String, text: String) throws {
    var steps: [Step] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = String(line)
      if line.hasPrefix("$ ") {
        steps.append(Step(line: index + 1, command: String(line.dropFirst(2))))
      } else if line.hasPrefix("#") || line.isEmpty {
        continue
      } else {
        guard !steps.isEmpty else { throw Malformed(description: "\(name):\(index + 1): no command comes before this") }
        if line.hasPrefix("2> ") {
          steps[steps.count - 1].errors.append(String(line.dropFirst(3)))
        } else if line.hasPrefix("? ") {
          guard let status = Int32(line.dropFirst(2)) else {
            throw Malformed(description: "\(name):\(index + 1): a status is a number")
          }
          steps[steps.count - 1].status = status
        } else {
          steps[steps.count - 1].output.append(line)
        }
      }
    }
    guard !steps.isEmpty else { throw Malformed(description: "\(name) holds no command") }
    self.name = name
    self.steps = steps
  }

  /// A folder beside this file.
  static func folder(_ name: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name)
  }

  /// All transcripts.
  static func all() throws -> [Transcript] {
    try FileManager.default.contentsOfDirectory(at: folder("Transcripts"), includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }
      .map {
        try Transcript(
          name: $0.deletingPathExtension().lastPathComponent, text: String(contentsOf: $0, encoding: .utf8))
      }
  }
}

/// Output with what differs each time replaced by its name.
enum Normal {
  static func lines(_ text: String, ports: [String: String]) -> [String] {
    var text = text
    for (name, port) in ports { text = text.replacingOccurrences(of: ":\(port)", with: ":$\(name)") }
    text.replace(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z/, with: "{time}")
    text.replace(
      /[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz](([- ][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]){7})/,
      with: "{words}")
    text.replace(/[0-9a-f]{4}( [0-9a-f]{4}){7}/, with: "{hex}")
    text.replace(/[0-9a-f]{64}/, with: "{hex}")
    text.replace(/[0-9a-f]{32}/, with: "{identifier}")
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines.filter { !$0.isEmpty }
  }

  /// Whether `lines` are what is expected, where `...` is any lines.
  static func matches(_ lines: ArraySlice<String>, _ expected: ArraySlice<String>) -> Bool {
    guard let first = expected.first else { return lines.isEmpty }
    let rest = expected.dropFirst()
    if first == "..." {
      return (0...lines.count).contains { matches(lines.dropFirst($0), rest) }
    }
    return lines.first == first && matches(lines.dropFirst(), rest)
  }
}

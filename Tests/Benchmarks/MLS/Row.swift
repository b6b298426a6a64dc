/// One cell of the table, and one line of the JSON.
struct Row: Codable {
  enum Unit: String, Codable {
    case seconds, bytes, count
  }

  let cipherSuite: String
  let members: Int
  let operation: String
  let value: Double
  let unit: Unit
  /// What the primitives that the operation cannot do without took in the same process, in seconds.
  var primitives: Double?
  /// The samples that the value is the median of.
  var samples: Int?

  var ratio: Double? { primitives.map { value / $0 } }

  var text: String {
    switch unit {
    case .seconds: Self.seconds(value) + (ratio.map { " (\(Self.decimal($0, 1))×)" } ?? "")
    case .bytes: Self.bytes(value)
    case .count: "\(Int(value))"
    }
  }

  private static func seconds(_ value: Double) -> String {
    switch value {
    case ..<1e-3: "\(decimal(value * 1e6, 1)) µs"
    case ..<1: "\(decimal(value * 1e3, 2)) ms"
    default: "\(decimal(value, 2)) s"
    }
  }

  private static func bytes(_ value: Double) -> String {
    switch value {
    case ..<10_000: "\(Int(value)) B"
    case ..<10_000_000: "\(decimal(value / 1e3, 1)) kB"
    default: "\(decimal(value / 1e6, 1)) MB"
    }
  }

  private static func decimal(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * scale).rounded())
    guard digits > 0 else { return "\(scaled)" }
    let fraction = String(scaled % Int(scale))
    return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

/// The rows of one suite, an operation a line and a size of group a column.
func printTable(_ rows: [Row]) {
  let sizes = Array(Set(rows.map(\.members))).sorted()
  var operations: [String] = []
  for row in rows where !operations.contains(row.operation) { operations.append(row.operation) }
  var lines = [["members"] + sizes.map(String.init)]
  for operation in operations {
    lines.append(
      [operation] + sizes.map { size in rows.first { $0.operation == operation && $0.members == size }?.text ?? "" })
  }
  let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
  for line in lines {
    let cells = zip(line, widths).enumerated().map { column, cell in
      let blanks = String(repeating: " ", count: cell.1 - cell.0.count)
      return column == 0 ? cell.0 + blanks : blanks + cell.0
    }
    print(cells.joined(separator: "  "))
  }
}

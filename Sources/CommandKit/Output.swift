internal import FoundationEssentials

/// What a command says: results on standard output, for people or as JSON lines; everything else on standard error.
package struct Output: Sendable {
  /// Whether `--json` was given.
  package let json: Bool

  package init(json: Bool) { self.json = json }

  /// A result: with `--json` `value` as one line, else `text` and a line feed.
  package func result(_ value: some Encodable, _ text: @autoclosure () -> String) {
    if json { line(Self.jsonLine(value)) } else { line(text()) }
  }

  /// Results: with `--json` one line each, else a table with a heading; `empty` goes to standard error where there are
  /// none and a person reads.
  package func listing<Value: Encodable>(
    _ values: [Value], columns: [String], empty: String, row: (Value) -> [String]
  ) {
    if json {
      for value in values { line(Self.jsonLine(value)) }
    } else if values.isEmpty {
      explain(empty)
    } else {
      Terminal.write(Self.table([columns] + values.map(row)))
    }
  }

  /// One line on standard output.
  package func line(_ text: String) { Terminal.write(text + "\n") }

  /// One line on standard error, for people.
  package func explain(_ text: String) { Terminal.writeError(text + "\n") }

  /// `text` in bold where colours are shown.
  package func emphasised(_ text: String) -> String {
    Terminal.showsColour && !json ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }

  /// One JSON object without line breaks, keys in alphabetical order. Characters that could mislead a terminal are
  /// written as JSON's own escapes, so that a listing is safe to look at and unchanged for a program.
  package static func jsonLine(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a result cannot be written as JSON") }
    var text = ""
    for scalar in String(decoding: data, as: UTF8.self).unicodeScalars {
      guard isHazardous(scalar) else {
        text.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return text
  }

  /// Rows in columns two spaces apart, no space at the end of a line. Cells are escaped.
  package static func table(_ rows: [[String]]) -> String {
    let cells = rows.map { $0.map { escaped($0) } }
    let columnCount = cells.map(\.count).max() ?? 0
    let widths = (0..<columnCount).map { column in
      cells.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
    }
    var text = ""
    for row in cells {
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column + 1 < row.count { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    return text
  }
}

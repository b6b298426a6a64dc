/// `text` with everything that could move a cursor, recolour, hide or reorder what is shown written as `\u{…}`: for
/// whatever another person, a peer or a file wrote. With `keepingLines` line feeds stay, for texts of several lines.
package func escaped(_ text: String, keepingLines: Bool = false) -> String {
  var result = ""
  result.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n" where keepingLines: result.unicodeScalars.append(scalar)
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case let scalar where isHazardous(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Whether a terminal or an eye could be misled by `scalar`. The two joiners stay: Persian and other scripts need them.
func isHazardous(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.value == 0x200C || scalar.value == 0x200D { return false }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
  default: return false
  }
}

internal import CQREncode
internal import CommandKit

/// A short text as a QR code (ISO/IEC 18004, error correction level M) of half blocks, for a terminal.
struct QRCode {
  /// Whether each module is dark, row by row, without the quiet zone.
  let modules: [[Bool]]

  /// The code of a text of at most 500 characters without zero bytes.
  init(_ text: String) throws {
    guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else {
      throw CommandError(.software, "no QR code could be made")
    }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { throw CommandError(.software, "no QR code could be made") }
    modules = (0..<width).map { row in (0..<width).map { data[row * width + $0] & 1 == 1 } }
  }

  /// Lines of half blocks, two modules a character, with the quiet zone of four modules that readers need. With colours it is
  /// black on white whatever the terminal's own are; without, blocks stand for what is light.
  func lines(inColour: Bool) -> [String] {
    let margin = 4
    let width = modules.count + 2 * margin
    func isDark(_ row: Int, _ column: Int) -> Bool {
      modules.indices.contains(row - margin) && modules.indices.contains(column - margin)
        && modules[row - margin][column - margin]
    }
    return stride(from: 0, to: width, by: 2).map { row in
      let line = (0..<width).map { column -> Character in
        let (upper, lower) = (!isDark(row, column), !isDark(row + 1, column))
        return switch (upper, lower) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
      }
      return inColour ? "\u{1B}[97;40m\(String(line))\u{1B}[0m" : String(line)
    }
  }
}

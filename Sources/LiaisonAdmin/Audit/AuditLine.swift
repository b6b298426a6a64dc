package import CommandKit
internal import Foundation
package import LiaisonModel
package import MerkleLog

/// One line of the audit log, as its JSON object has it.
package struct AuditLine: Codable, Equatable, Sendable {
  /// Longest text of one member, bytes: others' words are cut there.
  static let textBytesMax = 2048
  /// The same in lines that somebody can bring about at will.
  static let repeatableTextBytesMax = 256

  /// The line's number, from 0.
  package let line: UInt64
  package let time: String
  package let event: AuditEvent.Kind
  package let who: String
  package let what: String
  package let why: String?
  package let unwritten: Int?
  package let settings: [String: String]?
  /// The hash of the line before it, 64 hexadecimal digits; ``MerkleHash/emptyTree`` in the first.
  package let previous: String

  init(
    _ event: AuditEvent, line: UInt64, at time: Timestamp, after previous: MerkleHash,
    textBytesMax: Int = AuditLine.textBytesMax
  ) {
    self.line = line
    self.time = time.rfc3339
    self.event = event.kind
    who = Self.cut(event.who, textBytesMax)
    what = Self.cut(event.what, textBytesMax)
    why = event.why.isEmpty ? nil : Self.cut(event.why, textBytesMax)
    unwritten = event.unwritten == 0 ? nil : event.unwritten
    settings = event.settings
    self.previous = previous.description
  }

  /// Reads a line; nil where it is none.
  package init?(_ bytes: some Collection<UInt8>) {
    guard let line = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
    self = line
  }

  /// As it is written, without a line feed.
  var bytes: [UInt8] { Array(Output.jsonLine(self).utf8) }

  private static func cut(_ text: String, _ bytesMax: Int) -> String {
    guard text.utf8.count > bytesMax else { return text }
    return String(decoding: text.utf8.prefix(bytesMax), as: UTF8.self) + "…"
  }
}

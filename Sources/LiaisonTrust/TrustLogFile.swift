package import LiaisonModel
internal import TLSPresentation

/// A whole trust log in a file, to be verified by anybody, without the node.
///
/// ```
/// struct {
///   opaque magic[20] = "liaison trust log 1\n";
///   Signed head;                    // LogHead
///   opaque entry<V>;                // LogEntry, and so on to the end of the file
/// } TrustLogFile;
/// ```
package struct TrustLogFile: Equatable, Sendable {
  private static let magic = Array("liaison trust log 1\n".utf8)
  /// An entry holds one statement; a card within it is one as well.
  private static let entryBytesMax = 2 * Limits.statementBytesMax

  /// What the node signed of all entries, not yet verified.
  package let head: Unverified<LogHead>
  /// Encoded ``LogEntry``s, oldest first, not yet verified.
  package let entries: [[UInt8]]

  package init(head: Unverified<LogHead>, entries: [[UInt8]]) {
    self.head = head
    self.entries = entries
  }

  /// The file's bytes.
  package var bytes: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: entries.reduce(1024) { $0 + $1.count + 4 })
    encoder.write(fixed: Self.magic)
    encoder.write(head)
    for entry in entries { encoder.write(opaque: entry) }
    return encoder.bytes
  }

  /// Reads a file's bytes. Throws ``TrustLogFault`` where they are no such file, or it ends within an entry.
  package init(bytes: [UInt8]) throws(TrustLogFault) {
    var decoder = TLSDecoder(bytes)
    var entries: [[UInt8]] = []
    do throws(TLSPresentationError) {
      guard try decoder.read(fixed: Self.magic.count) == Self.magic else {
        throw TLSPresentationError.invalid("not a trust log")
      }
    } catch { throw .file("this file holds no trust log") }
    do { head = try decoder.read() } catch { throw .file("the head in this file is malformed") }
    while decoder.remaining > 0 {
      do { entries.append(try decoder.readOpaque(bound: Self.entryBytesMax)) } catch {
        throw .file("this file is truncated or damaged at trust log entry \(entries.count)")
      }
    }
    self.entries = entries
  }

  /// The log, after every entry and the head were verified. Throws ``TrustLogFault``.
  package func verified() throws(TrustLogFault) -> TrustLog { try TrustLog(entries: entries, head: head) }
}

package import LiaisonTrust
package import MerkleLog

/// What is wrong with an audit log: the first line that is, or a file that is none of it.
package struct AuditFault: Error, Equatable, Sendable {
  /// The line's number, from 0.
  package let line: UInt64?
  /// One sentence for a person.
  package let sentence: String

  init(_ line: UInt64, _ what: String) {
    self.line = line
    sentence = "audit line \(line) \(what)"
  }

  init(strangeFile name: String) {
    line = nil
    sentence = "the audit log's folder holds the file \(name), which is not of the audit log"
  }
}

extension AuditMark {
  /// Throws what is wrong with `lines`, the bytes of all that are kept, where they are not those of which this mark
  /// speaks, or do not follow from one another. More may have been written since; where the oldest were dropped since to
  /// make room, `mayHaveRotated`.
  package func check(_ lines: [[UInt8]], mayHaveRotated: Bool = false) throws(AuditFault) {
    guard let firstBytes = lines.first else {
      if size > 0 { throw AuditFault(first, "is missing, and all after it") }
      return
    }
    // Where the first cannot be read, its number follows from what has to be there.
    let start = AuditLine(firstBytes)?.line ?? first
    guard start <= first || mayHaveRotated && start <= size else { throw AuditFault(first, "is missing") }
    guard start >= first else { throw AuditFault(start, "was not kept any more, and is there") }
    let hashes = lines.map { MerkleHash.leaf($0) }
    let (end, overflow) = start.addingReportingOverflow(UInt64(lines.count))
    guard !overflow else { throw AuditFault(start, "has a number that none has") }
    let sealed = size > start && size <= end ? Int(size - start) - 1 : nil

    for index in lines.indices {
      let number = start + UInt64(index)
      guard let line = AuditLine(lines[index]) else { throw AuditFault(number, "cannot be read") }
      guard line.line == number else {
        throw AuditFault(
          number, line.line > number ? "is missing: line \(line.line) comes in its place" : "is line \(line.line) again"
        )
      }
      // Where all lines before the mark made room, the first one left has to continue them.
      let before =
        index > 0 ? hashes[index - 1] : number == size ? digest : number == 0 ? MerkleHash.emptyTree : nil
      if let before, line.previous != before.description {
        // Either this line was changed or the one before it was: what comes after this one knows it as it was.
        let witness: String? =
          index == sealed
          ? digest.description
          : index + 1 < lines.count ? AuditLine(lines[index + 1])?.previous : nil
        let isGenuine = index > 0 && witness == hashes[index].description
        throw AuditFault(isGenuine ? number - 1 : number, "was changed")
      }
      if index == sealed, hashes[index] != digest { throw AuditFault(number, "was changed") }
    }
    guard end >= size else {
      throw AuditFault(end, size - end == 1 ? "is missing" : "is missing, and all up to line \(size - 1)")
    }
  }
}

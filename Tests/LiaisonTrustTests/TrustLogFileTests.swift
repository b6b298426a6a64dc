import LiaisonModel
import LiaisonTrust
import Testing

@Suite("A trust log in a file") struct TrustLogFileTests {
  private func history() throws -> Log {
    var log = try Log()
    try log.admit(Country("xb"))
    return log
  }

  private func fault(_ bytes: [UInt8]) -> TrustLogFault? {
    do {
      _ = try TrustLogFile(bytes: bytes).verified()
      return nil
    } catch { return error }
  }

  @Test("is read as it was written, and verifies")
  func roundTrip() throws {
    let log = try history()
    let file = TrustLogFile(head: try log.head, entries: log.entries)
    let read = try TrustLogFile(bytes: file.bytes)
    #expect(read == file)
    #expect(try read.verified().registry == log.registry)
  }

  @Test("any changed byte is found, and so is every end before its own")
  func tampering() throws {
    let log = try history()
    let bytes = TrustLogFile(head: try log.head, entries: log.entries).bytes
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      #expect(fault(changed) != nil, "byte \(position)")
      #expect(fault(Array(bytes[..<position])) != nil, "cut at \(position)")
    }
    #expect(fault(bytes) == nil)
    #expect(fault(bytes + [0]) != nil)
    #expect(fault([]) == .file("this file holds no trust log"))
  }

  @Test("a log continues its own past, and neither a longer one, nor another history, nor another country's")
  func continuation() throws {
    let old = try history()
    var new = old
    try new.decide(.peerSuspended(Handle("xb")))
    var other = old
    try other.decide(.peerRevoked(Handle("xb"), reason: "x"))
    try new.log.checkContinues(old.log)
    try old.log.checkContinues(old.log)
    func refusal(_ log: Log, _ older: Log) -> String? {
      do throws(TrustLogFault) {
        try log.log.checkContinues(older.log)
        return nil
      } catch { return error.sentence }
    }
    #expect(refusal(old, new) == "the older log has 6 entries, and this one 5: the last ones are missing here")
    #expect(refusal(new, other)?.hasPrefix("the older log has other entries") == true)
    #expect(refusal(new, try history()) == "the older log is another country's")
  }
}

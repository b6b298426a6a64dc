import Foundation
import LiaisonAdmin
import LiaisonLink
import LiaisonModel
import LiaisonTrust
import MerkleLog
import Synchronization
import TestKit
import Testing

@Suite("The audit log") struct AuditLogTests {
  private let folder: TemporaryDirectory
  private let path: String
  private let start = Timestamp(milliseconds: 1_790_000_000_000)

  init() throws {
    folder = try TemporaryDirectory()
    path = folder.path("audit")
  }

  private func open(fileBytesMax: Int = AuditLog.fileBytesMax, filesMax: Int = AuditLog.filesMax) throws -> AuditLog {
    try AuditLog(folder: path, fileBytesMax: fileBytesMax, filesMax: filesMax, at: start)
  }

  private func event(_ text: String) -> AuditEvent { AuditEvent(.decisionTaken, who: "Ana", what: text) }

  private func lines(_ log: AuditLog) throws -> [[UInt8]] { try log.page(from: 0, bytesMax: .max).lines }

  private var bytesOnDisk: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      return sum + ((attributes?[.size] as? Int) ?? 0)
    }
  }

  /// The line that is named as wrong.
  private func fault(_ lines: [[UInt8]], _ mark: AuditMark) -> UInt64? {
    do { try mark.check(lines) } catch { return error.line }
    return nil
  }

  /// A log of eight lines whose mark speaks of the first six.
  private func eight() throws -> (lines: [[UInt8]], mark: AuditMark) {
    let log = try open()
    for number in 0..<6 { log.append(event("act \(number)"), at: start) }
    let mark = log.mark
    for number in 6..<8 { log.append(event("act \(number)"), at: start) }
    return (try lines(log), mark)
  }

  @Test("keeps who, what, when and why, and goes on where it was after a restart")
  func keeps() throws {
    var log = try open()
    log.append(AuditEvent(.decisionRefused, who: "Ana", what: "xb becomes active", why: "no"), at: start)
    log = try open()
    log.append(event("second"), at: start)
    let written = try lines(log)
    let first = try #require(AuditLine(written[0]))
    #expect(first.line == 0 && first.event == .decisionRefused && first.who == "Ana")
    #expect(first.what == "xb becomes active" && first.why == "no" && first.time == "2026-09-21T14:13:20.000Z")
    #expect(first.previous == MerkleHash.emptyTree.description)
    let second = try #require(AuditLine(written[1]))
    #expect(second.line == 1 && second.why == nil)
    #expect(second.previous == MerkleHash.leaf(written[0]).description)
    #expect(log.mark == AuditMark(first: 0, size: 2, digest: .leaf(written[1])))
    try log.mark.check(written)
    #expect(try log.page(from: 1, bytesMax: .max).lines == [written[1]])
    #expect(try log.page(from: 0, bytesMax: 1).lines == [written[0]])
    #expect(try log.page(from: 2, bytesMax: .max).lines.isEmpty)
  }

  @Test("a line feed or a quotation mark in what others said makes no line of its own")
  func injection() throws {
    let log = try open()
    log.append(event("x\"}\n{\"event\":\"node.started\",\"settings\":{}}\u{1B}[2J"), at: start)
    let written = try lines(log)
    #expect(written.count == 1)
    #expect(!written[0].contains(0x1B))
    #expect(log.lastSettings == nil)
    log.append(AuditEvent(.nodeStarted, who: "this node", what: "x", settings: ["listen": "a:1"]), at: start)
    log.append(event("later"), at: start)
    #expect(log.lastSettings == ["listen": "a:1"])
  }

  @Test("each byte of each line that is changed is found, and its line is named")
  func everyByte() throws {
    let (lines, mark) = try eight()
    try mark.check(lines)
    var tried = 0
    for line in 0..<6 {
      for byte in lines[line].indices {
        var bent = lines
        bent[line][byte] ^= 1
        // A number that was changed reads as another line, or as none.
        #expect(fault(bent, mark) == UInt64(line), "line \(line), byte \(byte)")
        tried += 1
      }
    }
    #expect(tried > 1000)
  }

  @Test("a line that is dropped, doubled, made up or moved is found, and the first wrong one is named")
  func everyLine() throws {
    let (lines, mark) = try eight()
    for line in 0..<6 {
      var fewer = lines
      fewer.remove(at: line)
      #expect(fault(fewer, mark) == UInt64(line), "\(line) dropped")
      var more = lines
      more.insert(lines[line], at: line)
      #expect(fault(more, mark) == UInt64(line + 1), "\(line) doubled")
      for other in (line + 1)..<6 {
        var swapped = lines
        swapped.swapAt(line, other)
        #expect(fault(swapped, mark) == UInt64(line), "\(line) and \(other) swapped")
      }
      #expect(fault(Array(lines[..<line]), mark) == UInt64(line), "cut at \(line)")
    }
    // All that follows is made anew, in order: only the mark knows.
    for line in 0..<6 {
      let forged = try AuditLog(folder: folder.path("forged-\(line)"), at: start)
      for number in 0..<8 { forged.append(event(number == line ? "another" : "act \(number)"), at: start) }
      let bent = try self.lines(forged)
      try forged.mark.check(bent)
      #expect(fault(bent, mark) != nil, "forged from \(line) on")
    }
  }

  @Test("what was written after the mark may be cut, and no more")
  func afterMark() throws {
    let (lines, mark) = try eight()
    try mark.check(Array(lines[..<6]))
    try mark.check(Array(lines[..<7]))
    #expect(fault(Array(lines[..<5]), mark) == 5)
    #expect(fault([], mark) == 0)
    try AuditMark.empty.check([])
  }

  @Test("of a line that was never finished the rest is cut off, and a line says so")
  func unfinished() throws {
    var log = try open()
    for number in 0..<3 { log.append(event("\(number)"), at: start) }
    let mark = log.mark
    let file = "\(path)/00000000000000000000.jsonl"
    let handle = try #require(FileHandle(forWritingAtPath: file))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"event\":\"deci".utf8))
    try handle.close()
    log = try open()
    let written = try lines(log)
    #expect(written.count == 4)
    #expect(AuditLine(written[3])?.event == .auditCut)
    try mark.check(written)
    try log.mark.check(written)
    #expect(try open().mark == log.mark)
  }

  @Test("old files make room for new ones, and what is kept still verifies")
  func rotation() throws {
    var log = try open(fileBytesMax: 1000, filesMax: 3)
    var before = log.mark
    for number in 0..<60 {
      if number == 55 { before = log.mark }
      log.append(event("act \(number)"), at: start)
      #expect(bytesOnDisk <= 3 * 1000)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).count <= 3)
    }
    let written = try lines(log)
    #expect(log.mark.first > 0 && log.mark.size == 60 && written.count == Int(60 - log.mark.first))
    try log.mark.check(written)
    #expect(AuditLine(written[0])?.line == log.mark.first)
    #expect(try log.page(from: log.mark.first + 5, bytesMax: .max).lines == Array(written[5...]))
    // An older mark, of before they made room; and lines that nothing made room for.
    try before.check(written, mayHaveRotated: true)
    try StoppedAuditLog.check(path, against: before, fileBytesMax: 1000, filesMax: 3)
    #expect(fault(Array(written[1...]), log.mark) == log.mark.first)
    log = try open(fileBytesMax: 1000, filesMax: 3)
    log.append(event("after a restart"), at: start)
    try log.mark.check(try lines(log))
  }

  /// What is said of the log on disk.
  private func fault(against mark: AuditMark, fileBytesMax: Int, filesMax: Int) -> String? {
    do {
      try StoppedAuditLog.check(path, against: mark, fileBytesMax: fileBytesMax, filesMax: filesMax)
      return nil
    } catch { return (error as? AuditFault)?.sentence ?? "\(error)" }
  }

  private func write(_ lines: some Collection<[UInt8]>, asFile first: UInt64) throws {
    let digits = String(first)
    let name = String(repeating: "0", count: 20 - digits.count) + digits + ".jsonl"
    try Data(lines.flatMap { $0 + [UInt8(ascii: "\n")] }).write(to: URL(filePath: "\(path)/\(name)"))
  }

  @Test("a log that was taken away does not pass for one whose old files made room")
  func takenAway() throws {
    let log = try open(fileBytesMax: 1000, filesMax: 6)
    for number in 0..<60 { log.append(event("act \(number)"), at: start) }
    let (mark, kept) = (log.mark, try lines(log))
    #expect(fault(against: mark, fileBytesMax: 1000, filesMax: 6) == nil)
    for number in 60..<86 { log.append(event("act \(number)"), at: start) }
    let later = try log.page(from: 60, bytesMax: .max).lines
    try #require(later.count == 26)
    let elsewhere = try AuditLog(folder: folder.path("elsewhere"), at: start)
    for number in 0..<160 { elsewhere.append(event("made up \(number)"), at: start) }
    let madeUp = try lines(elsewhere)
    func replace(_ what: String, _ pieces: [(UInt64, [[UInt8]])]) throws {
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      for (first, lines) in pieces { try write(lines, asFile: first) }
      #expect(fault(against: mark, fileBytesMax: 1000, filesMax: 6) != nil, "\(what)")
    }
    try replace("all but one line that is made up", [(60, [madeUp[60]])])
    try replace("all but the newest file", [(57, Array(kept.suffix(3)))])
    try replace(
      "the newest file in as many pieces as there may be files",
      (54..<60).map { number in (UInt64(number), [kept[kept.count - 60 + number]]) })
    let full = stride(from: 60, to: 90, by: 5)
    try replace("as many full files that are made up", full.map { (UInt64($0), Array(madeUp[$0..<($0 + 5)])) })
    // Whoever may write the files can go on as the node would.
    try replace(
      "as many full files that go on from the head",
      full.map { (UInt64($0), Array(later[($0 - 60)..<min($0 - 55, 26)])) })
    // What goes on from the mark verifies, and what does not is found, wherever it may begin.
    let next = try AuditLog(folder: folder.path("next"), at: start)
    for number in 0..<8 { next.append(event("act \(number)"), at: start) }
    let all = try lines(next)
    let five = AuditMark(first: 0, size: 5, digest: .leaf(all[4]))
    try five.check(Array(all[5...]), mayHaveRotated: true)
    let other = AuditMark(first: 0, size: 5, digest: .leaf(all[3]))
    #expect(throws: AuditFault.self) { try other.check(Array(all[5...]), mayHaveRotated: true) }
    #expect(throws: AuditFault.self) { try five.check(Array(all[6...]), mayHaveRotated: true) }
    #expect(throws: AuditFault.self) { try five.check(Array(all[5...])) }
  }

  @Test("a file that is not of the log, or has another's name, is named, and hinders nothing")
  func strangeFiles() throws {
    var log = try open(fileBytesMax: 1000)
    for number in 0..<9 { log.append(event("act \(number)"), at: start) }
    let mark = log.mark
    for name in ["18446744073709551615", "09223372036854775808", "+0000000000000000001", "kept"] {
      let file = "\(path)/\(name).jsonl"
      try Data("\n".utf8).write(to: URL(filePath: file))
      log = try open(fileBytesMax: 1000)
      #expect(log.mark == mark)
      let sentence = fault(against: mark, fileBytesMax: 1000, filesMax: 64)
      #expect(sentence?.contains("\(name).jsonl") == true, "\(sentence ?? "nothing")")
      try FileManager.default.removeItem(atPath: file)
    }
    #expect(fault(against: mark, fileBytesMax: 1000, filesMax: 64) == nil)
    // The highest name that is one.
    try write([[]], asFile: UInt64(Int64.max))
    #expect(try open().mark.size == UInt64(Int64.max) + 1)
    #expect(fault(against: mark, fileBytesMax: 1000, filesMax: 64) != nil)
    try FileManager.default.removeItem(atPath: "\(path)/0\(Int64.max).jsonl")
    let last = try #require(try FileManager.default.contentsOfDirectory(atPath: path).max())
    try FileManager.default.moveItem(atPath: "\(path)/\(last)", toPath: "\(path)/00000000000000000100.jsonl")
    #expect(fault(against: mark, fileBytesMax: 1000, filesMax: 64)?.contains("named by line 100") == true)
  }

  /// What is left of a folder after a power cut: each name that was flushed, and of its file what was.
  private final class Disk: Sendable {
    let isBroken = Mutex(false)
    private let kept = Mutex<(files: [String: Data], names: Set<String>)>(([:], []))

    func flush(_ path: String) -> Bool {
      let names = try? FileManager.default.contentsOfDirectory(atPath: path)
      return kept.withLock { kept in
        if let names {
          kept.names = Set(names)
        } else if let bytes = FileManager.default.contents(atPath: path) {
          kept.files[URL(filePath: path).lastPathComponent] = bytes
        }
        return true
      }
    }

    func copy(to folder: String) throws {
      try? FileManager.default.removeItem(atPath: folder)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      let kept = kept.withLock { $0 }
      for name in kept.names {
        try (kept.files[name] ?? Data()).write(to: URL(filePath: "\(folder)/\(name)"))
      }
    }
  }

  @Test("whenever the power is cut, all that the last head speaks of is there")
  func powerCut() throws {
    let disk = Disk()
    let (path, copy) = (path, folder.path("after"))
    let log = try AuditLog(folder: path, fileBytesMax: 2000, filesMax: 6, at: start) { _, flushed in
      // The folder's own name is not of interest.
      flushed.hasPrefix(path) && !flushed.hasSuffix("/..") ? disk.flush(flushed) : true
    }
    let link = RefusedLink(
      kind: .peer, key: SigningKey<NodePurpose>().publicKey.bytes, address: "192.0.2.1:1", reason: "not accepted")
    var sealed = AuditMark.empty
    for number in 0..<120 {
      // Links, which are not flushed, are most of it.
      if number.isMultiple(of: 11) {
        log.append(event("act \(number)"), at: start)
      } else {
        log.refused(link, to: nil, at: start.adding(milliseconds: UInt64(number) * 3_600_000))
      }
      if number % 5 == 3 {
        sealed = log.flushedMark()
        #expect(sealed == log.mark)
      }
      try disk.copy(to: copy)
      #expect(throws: Never.self, "after \(number)") {
        try StoppedAuditLog.check(copy, against: sealed, fileBytesMax: 2000, filesMax: 6)
      }
    }
    #expect(log.mark.size == 120 && log.mark.first > 0)
  }

  @Test("a head speaks of nothing that the disk did not take")
  func unflushed() throws {
    let disk = Disk()
    let log = try AuditLog(folder: path, at: start) { _, _ in disk.isBroken.withLock { !$0 } }
    log.append(event("first"), at: start)
    let mark = log.mark
    disk.isBroken.withLock { $0 = true }
    let link = RefusedLink(kind: .peer, key: [1], address: "192.0.2.1:1", reason: "not accepted")
    log.refused(link, to: nil, at: start)
    #expect(log.mark.size == 2)
    #expect(log.flushedMark() == mark)
    disk.isBroken.withLock { $0 = false }
    #expect(log.flushedMark() == log.mark)
  }

  @Test("whoever goes on for ever takes too little to push anything out for a year, and hides nobody else's line")
  func noise() throws {
    let log = try AuditLog(folder: path, at: start) { _, _ in true }
    log.append(AuditEvent(.nodeStarted, who: "this node", what: "x", settings: ["listen": "a:1"]), at: start)
    let nasty = String(repeating: "\u{1B}", count: 4096)
    let administrator = SigningKey<AdministratorPurpose>().publicKey
    let hour: UInt64 = 3_600_000
    let days = 14
    var tried = 0
    for moment in 0..<(days * 24 * 6) {
      let now = start.adding(milliseconds: UInt64(moment) * hour / 6)
      log.append(AuditEvent(.decisionRefused, who: nasty, what: nasty, why: nasty), from: .socket, at: now)
      log.append(
        AuditEvent(.cardRefused, who: "xb", what: "x", why: "y"), from: .peer(try Handle("xb")), at: now)
      tried += 1
    }
    let end = start.adding(milliseconds: UInt64(days) * 24 * hour)
    let refusal = AuditEvent(.decisionRefused, who: "Ana", what: "x")
    #expect(log.append(refusal, from: .administrator(administrator), at: end))
    #expect(log.append(AuditEvent(.noticeRefused, who: "xb", what: "x"), from: .peer(try Handle("xb")), at: end))
    #expect(log.mark.first == 0 && log.lastSettings == ["listen": "a:1"])
    #expect(bytesOnDisk * 365 / days < AuditLog.fileBytesMax * AuditLog.filesMax)
    let written = try lines(log).compactMap { AuditLine($0) }
    #expect(written.count <= 1 + 2 * (20 + days * 24) + 2)
    for event in [AuditEvent.Kind.decisionRefused, .cardRefused] {
      let counted = written.filter { $0.event == event && $0.who != "Ana" }.reduce(0) { $0 + 1 + ($1.unwritten ?? 0) }
      #expect(counted <= tried && counted > tried - 7)
    }
  }

  @Test("a stranger who knocks a thousand times a second for a day fills no disk, and hides nobody")
  func strangers() throws {
    let log = try open()
    let peers = try registry()
    func knock(_ key: SigningKey<NodePurpose>, at now: Timestamp) {
      let link = RefusedLink(kind: .peer, key: key.publicKey.bytes, address: "192.0.2.1:1", reason: "not accepted")
      log.refused(link, to: peers.peer(nodeKey: key.publicKey), at: now)
    }
    let (stranger, others) = (SigningKey<NodePurpose>(), (0..<10).map { _ in SigningKey<NodePurpose>() })
    var knocks = 0
    // Each hundredth second of an hour, and then each second of a day.
    for moment in 0..<360_000 {
      knock(
        moment.isMultiple(of: 2) ? stranger : others[moment % 10], at: start.adding(milliseconds: UInt64(moment) * 10))
      knocks += 1
    }
    knock(Self.suspended, at: start.adding(milliseconds: 3_600_000))
    for second in 3600..<86_400 {
      knock(stranger, at: start.adding(milliseconds: UInt64(second) * 1000))
      knocks += 1
    }
    let written = try lines(log).compactMap { AuditLine($0) }
    #expect(bytesOnDisk < 32 << 10)
    #expect(written.count <= 20 + 24 + 1)
    try log.mark.check(try lines(log))
    #expect(written.filter { $0.who == "xb" }.map(\.why) == ["not accepted; the peer is suspended"])
    // Every one was counted, but those since the last line.
    let strangers = written.filter { $0.who != "xb" }
    let counted = strangers.reduce(0) { $0 + 1 + ($1.unwritten ?? 0) }
    #expect(counted <= knocks && counted > knocks - 3700)
    #expect(strangers.allSatisfy { $0.who.hasPrefix("a stranger with the key ") && $0.event == .linkRefused })
  }

  private static let suspended = SigningKey<NodePurpose>()

  private func registry() throws -> Registry {
    let (owner, root) = (SigningKey<AdministratorPurpose>(), SigningKey<RootPurpose>())
    let handle = try Handle("xb")
    let card = Signed(
      try NodeCard(
        handle: handle, country: "XB", name: "B", rootKey: root.publicKey, nodeKeys: [Self.suspended.publicKey],
        endpoints: [], serial: 1, issuedAt: start, expiresAt: start.adding(milliseconds: 86_400_000)), by: root)
    var log = TrustLog()
    for act in [
      .administratorNamed(try Administrator(key: owner.publicKey, name: "owner", roles: [.owner, .trustOfficer])),
      .peerProposed(card.unverified), .peerVerified(handle, rootKey: root.publicKey),
      .peerActivated(handle, rootKey: root.publicKey),
      .peerSuspended(handle),
    ] as [Act] {
      try log.append(TrustKeeperTests.entry(act, at: log.nextPosition, start, by: owner))
    }
    return log.registry
  }

  @Test("a disk that takes nothing stops nothing, and the next line says what is missing")
  func fullDisk() throws {
    let log = try open(fileBytesMax: 1)
    log.append(event("first"), at: start)
    // The next file cannot be made.
    try FileManager.default.createDirectory(
      atPath: "\(path)/00000000000000000001.jsonl", withIntermediateDirectories: false)
    log.append(event("lost"), at: start)
    log.append(event("lost too"), at: start)
    #expect(log.mark.size == 1)
    try FileManager.default.removeItem(atPath: "\(path)/00000000000000000001.jsonl")
    log.append(event("again"), at: start)
    let written = try lines(log)
    #expect(written.count == 2)
    #expect(AuditLine(written[1])?.why == "2 lines before it were not written")
    try log.mark.check(written)
  }

  @Test("a setting that is other than at the last start is found, and one that is not is not")
  func configuration() async throws {
    let file = folder.path("config.yaml")
    try #"listen: "127.0.0.1:1""#.write(toFile: file, atomically: true, encoding: .utf8)
    let before = try await NodeConfiguration.load(file: file, environment: [:])
    var after = before
    after.listen = try Endpoint("127.0.0.1:2")
    after.stopSeconds = 20
    #expect(
      AuditEvent.changes(from: before.settings, to: after.settings).map(\.what) == [
        "listen was 127.0.0.1:1, and is 127.0.0.1:2", "stop.seconds was 10, and is 20",
      ])
    #expect(AuditEvent.changes(from: before.settings, to: before.settings).isEmpty)
    #expect(AuditEvent.changes(from: nil, to: before.settings).isEmpty)
  }

  @Test("Protocols/audit.md lists every event, and no other")
  func documented() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Protocols/audit.md")
    let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
    let listed = text.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("| `"), let name = line.split(separator: "`").dropFirst().first, name.contains(".") else {
        return nil
      }
      return String(name)
    }
    #expect(listed.count == Set(listed).count)
    #expect(Set(listed) == Set(AuditEvent.Kind.allCases.map(\.rawValue)))
  }
}

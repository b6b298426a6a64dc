import Foundation
import LiaisonAdmin
import LiaisonLink
import LiaisonModel
import LiaisonTrust
import MerkleLog
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
    #expect(fault(Array(written[1...]), log.mark) == log.mark.first)
    log = try open(fileBytesMax: 1000, filesMax: 3)
    log.append(event("after a restart"), at: start)
    try log.mark.check(try lines(log))
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
    #expect(bytesOnDisk < 4 << 20)
    #expect(written.count <= 20 + 8640 + 1)
    try log.mark.check(try lines(log))
    #expect(written.filter { $0.who == "xb" }.map(\.why) == ["not accepted; the peer is suspended"])
    // Every one was counted, but those since the last line.
    let strangers = written.filter { $0.who != "xb" }
    let counted = strangers.reduce(0) { $0 + 1 + ($1.unwritten ?? 0) }
    #expect(counted <= knocks && counted > knocks - 20)
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

import Foundation
import ProcessKit
import TestKit
import Testing

/// A disk that fills up, played with a limit on the size of files: it needs no rights, and can be set on a program that
/// runs. Each write then fails as it does on a full disk, with another number.
@Suite("Full disks", .serialized, .timeLimit(.minutes(10)))
struct FullDiskTests {
  /// Less than any change of a database needs, and enough for what a program says.
  private static let fileBytesMax = 4096

  /// Texts of `person` in the room with `other`, in the order shown.
  private static func texts(_ person: Professional, with other: Professional) throws -> [String] {
    _ = try person.run("inbox")
    return objects(try person.run("show", other.address, "--json").output)
      .filter { $0["type"] as? String == "message" }.compactMap { $0["text"] as? String }
  }

  @Test("A full disk loses nothing: what was accepted or kept arrives once, and what was refused never does")
  func nothingLost() async throws { try await blocking { try Self.limitFiles() } }

  private static func limitFiles() throws {
    let folder = try TemporaryDirectory()
    let (a, b) = (try Country("xa", in: folder), try Country("xb", in: folder))
    defer { withExtendedLifetime(folder) {} }
    try a.start()
    try b.start()
    try Country.introduce(a, b, in: folder)
    let (ana, boris) = (try a.enrol("ana"), try b.enrol("boris"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    try waiting("the first message to arrive") { try texts(boris, with: ana) == ["first"] }
    let (nodeOfAna, nodeOfBoris) = (try #require(a.daemon), try #require(b.daemon))

    // The disk of the other country is full: what is sent there waits here.
    try nodeOfBoris.limitFiles(to: fileBytesMax)
    try expectDone(try ana.run("send", boris.address, "-m", "second", "--tlp", "GREEN"))
    let kept = try boris.run("send", ana.address, "-m", "kept by boris", "--tlp", "GREEN")
    #expect(kept.status == 69)
    #expect(kept.errors.hasPrefix("liaison: the message is kept on this machine"), "\(kept.errors)")
    let invited = try b.control("member", "invite", "bela@xb", "--name", "Bela", "--discipline", "cyber")
    #expect(invited.status == 75)
    #expect(invited.errors.contains("\nliaisonctl: the store's disk failed"), "\(invited.errors)")

    // The own node's disk is full: the message is kept on the person's machine.
    try nodeOfAna.limitFiles(to: fileBytesMax)
    let waiting = try ana.run("send", boris.address, "-m", "third", "--tlp", "GREEN")
    #expect(waiting.status == 69)
    #expect(waiting.errors.hasPrefix("liaison: the message is kept on this machine"), "\(waiting.errors)")
    let file = folder.path("plan.pdf")
    try Data(repeating: 7, count: 3 << 20).write(to: URL(fileURLWithPath: file))
    let refused = try ana.run("share", boris.address, file, "--tlp", "GREEN")
    #expect(refused.status == 75)
    #expect(refused.errors.hasSuffix("try again later; nothing was announced\n"), "\(refused.errors)")

    // Her own disk is full: she is told, and nothing was made.
    let full = try Country.liaison.run(
      ["--home", ana.home, "send", boris.address, "-m", "never", "--tlp", "GREEN"], fileBytesMax: fileBytesMax)
    #expect(full.status == 74 || full.status == 75)
    #expect(full.output.isEmpty && full.errors.hasSuffix("; nothing was changed\n"), "\(full.errors)")

    // There is room again. The nodes have run all the while.
    try nodeOfAna.limitFiles(to: nil)
    try nodeOfBoris.limitFiles(to: nil)
    try expectDone(try ana.run("share", boris.address, file, "--tlp", "GREEN"))
    try expectDone(try ana.run("send", boris.address, "-m", "last", "--tlp", "GREEN"))
    try ProcessKit.waiting("everything to arrive") {
      try texts(boris, with: ana).count == 5 && texts(ana, with: boris).count == 5
    }
    for (person, other) in [(ana, boris), (boris, ana)] {
      let texts = try texts(person, with: other)
      #expect(texts.filter { $0 != "kept by boris" } == ["first", "second", "third", "last"], "\(person.address)")
      #expect(texts.count == 5)
    }
    let document = try #require(field("document", of: try boris.run("documents", ana.address, "--json").output))
    try expectDone(try boris.run("fetch", document, "-o", folder.path("copy.pdf")))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path("copy.pdf"))) == Data(repeating: 7, count: 3 << 20))
    #expect(nodeOfAna.isRunning && nodeOfBoris.isRunning)
    for node in [a, b] {
      node.end(SIGTERM)
      let checked = try Country.liaisond.run(["check", "--home", node.home])
      #expect(checked.status == 0, "\(checked.errors)")
    }
  }

  @Test(
    "A file system that is full loses nothing, is told in words, and holds nobody up once there is room",
    .enabled(if: SmallDisk.isPossible, SmallDisk.impossible))
  func fullFileSystem() async throws { try await blocking { try Self.fillFileSystem() } }

  private static func fillFileSystem() throws {
    let folder = try TemporaryDirectory()
    defer { withExtendedLifetime(folder) {} }
    let disk = try SmallDisk(at: folder.path("disk"), mebibytes: 8)
    let a = try Country("xa", in: folder)
    let b = try Country("xb", in: folder, at: folder.path("disk/xb"))
    for country in [a, b] { try country.start() }
    try Country.introduce(a, b, in: folder)
    let (ana, boris) = (try a.enrol("ana"), try b.enrol("boris"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    try waiting("the first message to arrive") { try texts(boris, with: ana) == ["first"] }
    let node = try #require(b.daemon)

    try disk.fill()
    var sent = ["first"]
    for number in 1...5 {
      sent.append("\(number)")
      try expectDone(try ana.run("send", boris.address, "-m", "\(number)", "--tlp", "GREEN"))
    }
    let kept = try boris.run("send", ana.address, "-m", "kept by boris", "--tlp", "GREEN")
    #expect(kept.status == 69)
    #expect(kept.errors.contains("cannot store anything now"), "\(kept.errors)")
    let invited = try b.control("member", "invite", "bela@xb", "--name", "Bela", "--discipline", "cyber")
    #expect(invited.status == 75)
    #expect(invited.errors.contains("disk is full"), "\(invited.errors)")
    let file = folder.path("plan.pdf")
    try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: file))
    let shared = try boris.run("share", ana.address, file, "--tlp", "GREEN")
    #expect([69, 73, 75, 77].contains(shared.status) && shared.errors.contains("nothing was announced"), "\(shared)")
    #expect(try a.control("status").status == 0)
    #expect(try b.control("status").status == 0)

    try disk.makeRoom()
    for number in 6...7 {
      sent.append("\(number)")
      try expectDone(try ana.run("send", boris.address, "-m", "\(number)", "--tlp", "GREEN"))
    }
    try waiting("everything to arrive") {
      try texts(boris, with: ana).count > sent.count && texts(ana, with: boris).contains("kept by boris")
    }
    #expect(try texts(boris, with: ana).filter { $0 != "kept by boris" } == sent)
    #expect(node.isRunning && b.daemon?.identifier == node.identifier)
    for country in [a, b] {
      country.end(SIGTERM)
      let checked = try Country.liaisond.run(["check", "--home", country.home])
      #expect(checked.status == 0, "\(checked.errors)")
    }
    withExtendedLifetime(disk) {}
  }

  @Test("A node that cannot be made for want of space leaves nothing behind")
  func noNode() throws {
    let folder = try TemporaryDirectory()
    let made = try Country.liaisond.run(
      [
        "init", "--home", folder.path("xa"), "--handle", "xa", "--country", "XA", "--name", "Averland", "--listen",
        "127.0.0.1:7401", "--no-passphrase",
      ], fileBytesMax: Self.fileBytesMax)
    #expect(made.status == 74 || made.status == 75)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty, "\(made.errors)")
  }
}

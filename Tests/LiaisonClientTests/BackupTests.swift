import Foundation
import GRDB
import LiaisonBackup
import LiaisonClient
import LiaisonModel
import SimulationKit
import Sodium
import TestKit
import Testing

@Suite("A profile's backup")
struct ProfileBackupTests {
  private let folder: TemporaryDirectory
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  init() throws { folder = try TemporaryDirectory() }

  @Test("is made in a folder that was not there before")
  func workFolder() throws {
    let path = folder.path("work")
    try WorkFolder.make(path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o700)
    #expect(throws: (any Error).self) { try WorkFolder.make(path) }
  }

  private func passphrase(_ text: String = "correct horse") -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

  /// A profile of a member, enrolled with a simulated node.
  private func profile(_ region: SimulationKit.Region, protected: Bool) throws -> (engine: Engine, path: String) {
    let path = folder.path("profile")
    let engine = try Profile.create(
      at: path, passphrase: protected ? passphrase() : nil, parameters: .minimum)
    let node = try region.network.node(Handle("xa"))
    let request = try engine.beginEnrolment(node.invite("ana"), now: region.now)
    _ = try engine.finishEnrolment(
      node.answer(to: request.request, from: .enrolment(request.linkKey.publicKey)), now: region.now)
    return (engine, path)
  }

  private func backUp(protected: Bool = true) throws -> (engine: Engine, path: String, file: String) {
    let region = try SimulationKit.Region(seed: 3, handles: ["xa"])
    let (engine, path) = try profile(region, protected: protected)
    let file = folder.path("ana.backup")
    try Profile.backUp(path, engine, to: file, passphrase: passphrase(), now: now, parameters: .minimum)
    return (engine, path, file)
  }

  @Test("is verified, restored as the same device, and leaves nothing beside it", arguments: [true, false])
  func restore(protected: Bool) throws {
    let (engine, path, file) = try backUp(protected: protected)
    let contents = try Profile.verifyBackup(at: file, passphrase: passphrase())
    #expect(contents.owner == "ana@xa" && contents.madeAt == now)
    let (restored, madeAt) = try Profile.restore(file, to: folder.path("other"), passphrase: passphrase(), now: now)
    #expect(madeAt == now)
    #expect(try restored.identity.device == engine.identity.device)
    #expect(try Profile.needsPassphrase(at: folder.path("other")))
    #expect(
      try Set(FileManager.default.contentsOfDirectory(atPath: folder.path("."))) == ["profile", "ana.backup", "other"])
    #expect(try !FileManager.default.contentsOfDirectory(atPath: path).contains { $0.hasPrefix("backup") })
    #expect { try Profile.restore(file, to: folder.path("other"), passphrase: passphrase(), now: now) } throws: {
      ($0 as? ClientError)?.code == "profile-exists"
    }
    #expect(throws: FileError.self) {
      try Profile.backUp(path, engine, to: file, passphrase: passphrase(), now: now, parameters: .minimum)
    }
  }

  @Test("of a profile without a passphrase is not made without one")
  func needsPassphrase() throws {
    let region = try SimulationKit.Region(seed: 3, handles: ["xa"])
    let (engine, path) = try profile(region, protected: false)
    #expect { try Profile.backUp(path, engine, to: folder.path("b"), passphrase: nil, now: now) } throws: {
      ($0 as? ClientError)?.code == "backup-passphrase"
    }
  }

  @Test("that was altered at any place, or cut, or opened with another passphrase is refused")
  func tampering() throws {
    let (_, _, file) = try backUp()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    let bad = folder.path("bad")
    func verify(_ content: Data) throws {
      try content.write(to: URL(fileURLWithPath: bad))
      _ = try Profile.verifyBackup(at: bad, passphrase: passphrase())
    }
    try verify(bytes)
    for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) + [bytes.count - 1] {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: (any Error).self, "byte \(place) of \(bytes.count)") { try verify(changed) }
    }
    for length in [0, 8, 100, bytes.count / 2, bytes.count - 1] {
      #expect(throws: (any Error).self, "cut at \(length)") { try verify(bytes.prefix(length)) }
    }
    #expect(throws: (any Error).self) { try verify(bytes + [0]) }
    #expect(throws: KeyFileError.self) {
      try Profile.verifyBackup(at: file, passphrase: passphrase("battery staple"))
    }
  }

  @Test("holds no state of a room, no key package and nothing that was under way")
  func contents() throws {
    let (region, ana, bo, room) = try SimulationKit.Region.pair(seed: 5)
    #expect(region.run { ana.isIdle && bo.isIdle })
    try ana.say("kept", to: room)
    let copy = try ana.backUp()
    let queue = try DatabaseQueue(path: copy)
    for table in ["groupRecords", "keyPackages", "outbox", "intents", "waiting", "sent", "shares"] {
      #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") } == 0, "\(table)")
    }
    #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM history") } ?? 0 > 0)
    // Nothing of what was deleted is left in the file either.
    let group = try DatabaseQueue(path: ana.path + "/" + Profile.databaseName).read {
      try Data.fetchAll($0, sql: "SELECT value FROM groupRecords")
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: copy))
    #expect(!group.isEmpty)
    for value in group where value.count >= 32 { #expect(bytes.range(of: value.prefix(32)) == nil) }
  }
}

@Suite("A device that was restored from a backup")
struct RestoredDeviceTests {
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let room: RoomIdentifier

  init() throws {
    (region, ana, bo, room) = try SimulationKit.Region.pair(seed: 21)
    try settle()
  }

  private func settle() throws {
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func notices(_ device: SimulatedDevice) throws -> [RoomNotice] {
    try device.open().history(of: room).compactMap { if case .notice(let notice) = $0.content { notice } else { nil } }
  }

  @Test("comes back by itself, reads what follows, shows what it lacks, and is seen to have come back")
  func restore() throws {
    try bo.say("before", to: room)
    try settle()
    let backup = try ana.backUp()
    let later = try ana.say("after the backup", to: room)
    try settle()
    try bo.say("also after", to: room)
    try settle()
    try ana.restore(backup)
    try settle()
    try bo.say("when it is back", to: room)
    try settle()
    try ana.say("I am back", to: room)
    try settle()
    #expect(try ana.texts(of: room) == ["before", "when it is back", "I am back"])
    #expect(try bo.texts(of: room) == ["before", "after the backup", "also after", "when it is back", "I am back"])
    let (address, device) = (try ana.address, try ana.open().identity.device)
    #expect(try notices(bo).contains(.deviceReturned(address, device)))
    #expect(try notices(ana).contains { if case .cameIn(.some) = $0 { true } else { false } })
    #expect { try ana.open().status(later) } throws: { ($0 as? ClientError)?.code == "message-unknown" }
    let views = try [ana, bo].map { try $0.open().room(named: room.description) }
    #expect(views[0].epochAuthenticator == views[1].epochAuthenticator)
    #expect(try bo.open().history(of: room).allSatisfy { !$0.flags.contains(.sequenceRepeated) })
  }

  @Test("uses no key again: neither of a room nor of a key package")
  func noReuse() throws {
    let backup = try ana.backUp()
    try ana.say("with a key of the epoch", to: room)
    try settle()
    let before = try bo.open().room(named: room.description).epoch
    try ana.restore(backup)
    // Written before it has its node: it waits for the new epoch.
    try ana.say("with a key of the next epoch", to: room)
    try settle()
    #expect(try bo.open().room(named: room.description).epoch == before + 1)
    #expect(try bo.texts(of: room) == ["with a key of the epoch", "with a key of the next epoch"])
    // The key packages of before are at the node no more: whoever adds it now uses a new one.
    let cy = try region.enrol("cy@xb")
    try settle()
    let other = try cy.act { try $0.createRoom(title: "Other", members: [ana.address], now: $1) }.room
    try settle()
    try cy.say("can you read it", to: other)
    try settle()
    #expect(try ana.texts(of: other) == ["can you read it"])
  }

  @Test("comes into the rooms that it does not know of, and is out of those that it was removed from")
  func otherRooms() throws {
    let cy = try region.enrol("cy@xb")
    try settle()
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    try settle()
    let backup = try ana.backUp()
    let made = try ana.act { try $0.createRoom(title: "Made later", members: [bo.address], now: $1) }.room
    let invited = try bo.act { try $0.createRoom(title: "Invited later", members: [ana.address], now: $1) }.room
    try bo.act { _ = try $0.remove(ana.address, from: room, now: $1) }
    try settle()
    try ana.restore(backup)
    try settle()
    for room in [made, invited] {
      try bo.say("still here", to: room)
      try settle()
      #expect(try ana.texts(of: room) == ["still here"])
    }
    #expect(try ana.open().room(named: room.description).state == .ended)
  }

  @Test("says of what was under way that its fate is not known")
  func unknownFate() throws {
    ana.isOffline = true
    let message = try ana.say("sent or not", to: room)
    let backup = try ana.backUp()
    ana.isOffline = false
    try settle()
    try ana.restore(backup)
    try settle()
    #expect(try ana.open().status(message).refusal?.contains("not known") == true)
    #expect(try bo.texts(of: room) == ["sent or not"])
  }

  @Test("ends the place of a copy that is still in use")
  func twoCopies() throws {
    let twin = try region.enrol(invitedBy: ana)
    try settle()
    let backup = try twin.backUp()
    twin.isOffline = true
    try twin.restore(backup)
    twin.isOffline = false
    try settle()
    try bo.say("to both machines", to: room)
    try settle()
    for device in [ana, twin] { #expect(try device.texts(of: room) == ["to both machines"]) }
  }
}

@Suite("History that one device gives to another")
struct HistoryTransferTests {
  private let folder: TemporaryDirectory
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let room: RoomIdentifier

  init() throws {
    folder = try TemporaryDirectory()
    (region, ana, bo, room) = try SimulationKit.Region.pair(seed: 31)
    try settle()
  }

  private func settle() throws {
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  @Test("comes before what that one has, once, with titles, receipts and what was acknowledged")
  func transfer() throws {
    let titled = try ana.act { try $0.createRoom(title: "Harbour", members: [bo.address], now: $1) }.room
    try settle()
    let own = try ana.say("my first", to: room)
    let read = try bo.say("read it", to: room)
    try settle()
    try ana.act { _ = try $0.acknowledge(read, now: $1) }
    try settle()
    let second = try region.enrol(invitedBy: ana)
    try settle()
    try bo.say("to both", to: room)
    try settle()
    #expect(try second.texts(of: room) == ["to both"])
    let file = folder.path("ana.history")
    let (code, count) = try ana.open().exportHistory(to: file, now: region.now)
    #expect(count > 3)
    #expect(try second.open().importHistory(from: file, code: code + "\n", now: region.now) > 0)
    #expect(try second.texts(of: room) == ["my first", "read it", "to both"])
    #expect(try second.open().room(named: titled.description).title == "Harbour")
    #expect(try second.open().message(named: read.description).isAcknowledged)
    #expect(try second.open().status(own).nodes.contains { $0.handle.description == "xb" && $0.isProven })
    #expect(try second.open().importHistory(from: file, code: code, now: region.now) == 0)
    #expect(try second.texts(of: room) == ["my first", "read it", "to both"])
    // It is no news.
    #expect(try !second.open().inbox(unreadOnly: true).contains { $0.identifier == read })
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path("."))) == ["ana.history"])
  }

  @Test("is not taken with another code, from somebody else's machine, or where it was altered")
  func refusals() throws {
    try ana.say("mine", to: room)
    try settle()
    let file = folder.path("ana.history")
    let (code, _) = try ana.open().exportHistory(to: file, now: region.now)
    let (other, _) = try ana.open().exportHistory(to: folder.path("other"), now: region.now)
    #expect(throws: BackupError.self) { try ana.open().importHistory(from: file, code: other, now: region.now) }
    #expect { try ana.open().importHistory(from: file, code: String(code.dropLast()), now: region.now) } throws: {
      ($0 as? ClientError)?.code == "history-code"
    }
    #expect { try bo.open().importHistory(from: file, code: code, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "history-foreign"
    }
    var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    #expect(bytes.range(of: Data("mine".utf8)) == nil)
    bytes[bytes.count / 2] ^= 1
    let bad = folder.path("bad")
    try bytes.write(to: URL(fileURLWithPath: bad))
    #expect(throws: BackupError.self) { try ana.open().importHistory(from: bad, code: code, now: region.now) }
  }
}

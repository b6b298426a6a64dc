import Foundation
import LiaisonClient
import LiaisonModel
import SimulationKit
import Sodium
import TestKit
import Testing

@Suite("A profile")
struct ProfileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func passphrase(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

  @Test("opens with its passphrase and with no other")
  func passphrases() throws {
    let path = folder.path("profile")
    _ = try Profile.create(at: path, passphrase: passphrase("correct horse"), parameters: .minimum)
    #expect(try Profile.needsPassphrase(at: path))
    #expect(try !Profile.open(at: path, passphrase: passphrase("correct horse")).isEnrolled)
    #expect(throws: KeyFileError.wrongPassphrase(path: path + "/key")) {
      try Profile.open(at: path, passphrase: passphrase("battery staple"))
    }
    #expect(throws: KeyFileError.passphraseRequired(path: path + "/key")) {
      try Profile.open(at: path, passphrase: nil)
    }
  }

  @Test("is not made over another, and not found where there is none")
  func existence() throws {
    let path = folder.path("profile")
    _ = try Profile.create(at: path, passphrase: nil)
    #expect(throws: KeyFileError.alreadyExists(path: path + "/key")) { try Profile.create(at: path, passphrase: nil) }
    #expect { try Profile.open(at: folder.path("other"), passphrase: nil) } throws: {
      ($0 as? ClientError)?.code == "profile-missing"
    }
  }

  @Test("that was damaged says so")
  func damage() throws {
    let path = folder.path("profile")
    _ = try Profile.create(at: path, passphrase: nil)
    for name in ["profile.sqlite-wal", "profile.sqlite-shm"] {
      try? FileManager.default.removeItem(atPath: path + "/" + name)
    }
    try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: path + "/profile.sqlite"))
    #expect { try Profile.open(at: path, passphrase: nil) } throws: { ($0 as? ClientError)?.code == "profile-damaged" }
  }

  @Test("shows nothing that anybody wrote to who reads its files")
  func sealing() throws {
    let region = try Region(seed: 1, handles: ["xa", "xb"])
    let ana = try region.enrol("ana.unmistakable@xa")
    let bo = try region.enrol("bo@xb")
    #expect(region.run { ana.isIdle && bo.isIdle })
    let text = "the crossing at Larkfield is closed"
    let room = try ana.act {
      try $0.createRoom(title: "Harbour watch unmistakable", members: [bo.address], now: $1)
    }.room
    try ana.say(text, to: room)
    #expect(region.run { (try? bo.texts(of: room)) == [text] })
    #expect(region.findings.isEmpty)
    for device in [ana, bo] {
      let files = try FileManager.default.contentsOfDirectory(atPath: device.path)
      #expect(files.contains("profile.sqlite"))
      for file in files {
        let content = try Data(contentsOf: URL(fileURLWithPath: device.path + "/" + file))
        for secret in [text, "Harbour watch", "ana.unmistakable", "bo@xb"] {
          #expect(content.range(of: Data(secret.utf8)) == nil, "\(file) holds \(secret)")
        }
        // The room's identifier and the messages' are known to nodes; the disk must not join them to this person.
        #expect(content.range(of: Data(room.bytes)) == nil)
      }
    }
  }
}

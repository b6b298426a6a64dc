import LiaisonModel
import LiaisonProtocol
import NodeSimulation
import Testing

@Suite("The directory")
struct DirectoryTests {
  /// Asks as a device and returns the answer.
  private func ask(_ body: Frame.Body, _ device: PlayedDevice, in region: Region) throws -> Frame.Body {
    var answer: Frame.Body?
    device.request(body) { answer = $0 }
    guard region.run(atMostMilliseconds: 30_000, until: { answer != nil }), let answer else {
      throw SimulationError("no answer")
    }
    return answer
  }

  @Test("finds a member of this node and of another, and says nothing of one who is not there")
  func find() throws {
    let region = Region(seed: 21)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb", "vakhtang@xb"])
    for (address, count) in [("nino@xa", 1), ("vera@xb", 1), ("nobody@xa", 0), ("nobody@xb", 0)] {
      guard
        case .directoryAnswer(let found) = try ask(
          .directoryQuery(.address(Address(address))), devices[0], in: region)
      else { throw SimulationError("no cards") }
      #expect(found.cards.count == count, "\(address)")
      #expect(try found.cards.allSatisfy { try $0.claim().address == Address(address) })
    }
    guard case .directoryAnswer(let found) = try ask(.directoryQuery(.text("V")), devices[1], in: region) else {
      throw SimulationError("no cards")
    }
    #expect(try found.cards.map { try $0.claim().address.description }.sorted() == ["vakhtang@xb", "vera@xb"])
    guard case .directoryAnswer(let none) = try ask(.directoryQuery(.text("%")), devices[1], in: region) else {
      throw SimulationError("no cards")
    }
    #expect(none.cards.isEmpty && none.head == nil)
  }

  @Test("gives each key package once, and the last resort again and again")
  func keyPackages() throws {
    let region = Region(seed: 22)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    var seen: [[UInt8]] = []
    for _ in 0..<15 {
      guard
        case .keyPackages(let packages) = try ask(
          .keyPackagesRequest(Address("vera@xb")), devices[0], in: region)
      else { throw SimulationError("no key packages") }
      #expect(packages.count == 1)
      seen += packages
    }
    #expect(Set(seen.prefix(12)).count == 12)
    #expect(Set(seen.suffix(3)).count == 1)
    #expect(!seen.prefix(12).contains(seen[14]))
  }

  @Test("takes from a device no key package but its own")
  func foreignKeyPackage() throws {
    let region = Region(seed: 23)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb", "luka@xa"])
    for owner in [devices[1], devices[2]] {
      guard case .keyPackages(let packages) = try ask(.keyPackagesRequest(owner.address), devices[0], in: region) else {
        throw SimulationError("no key packages")
      }
      let answer = try ask(.uploadKeyPackages(keyPackages: packages, lastResort: nil), devices[0], in: region)
      guard case .failure(let failure) = answer else { throw SimulationError("a foreign key package was taken") }
      #expect(failure.reason == .malformed || failure.reason == .notPermitted)
    }
    let answer = try ask(.uploadKeyPackages(keyPackages: [[1, 2, 3]], lastResort: nil), devices[0], in: region)
    guard case .failure(let failure) = answer else { throw SimulationError("garbage was taken") }
    #expect(failure.reason == .malformed)
  }

  @Test("says that another node cannot be reached, and does not wait for ever for one that is silent")
  func unreachable() throws {
    let region = Region(seed: 24)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let silent = PlayedPeer(insteadOf: try region.node("xb"), in: region)
    region.run(milliseconds: 500)
    var failures: [Frame.Failure] = []
    devices[0].request(
      .directoryQuery(.address(devices[1].address)), onFailure: { failures.append($0) }, then: { _ in })
    region.run(milliseconds: 400)
    #expect(failures.first?.reason == .unavailable)
    silent.dial(try region.node("xa"))
    failures = []
    region.run(milliseconds: 5_000)
    #expect(failures.isEmpty)
    region.run(milliseconds: Limits.relayMillisecondsMax)
    #expect(failures.first?.reason == .unavailable)
  }
}

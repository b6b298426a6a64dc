import LiaisonModel
import NodeSimulation
import Testing

@Suite("A message to a room that its reader has left")
struct LeaverTests {
  @Test("reaches those who are in, and its sender is told of the node where nobody is any more")
  func told() throws {
    let region = Region(seed: 31)
    try region.addNodes(["xa", "xb", "xc"])
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb", "dana@xc"])
    let (nino, luka, vera, dana) = (devices[0], devices[1], devices[2], devices[3])
    let room = try region.room(of: devices)
    nino.disconnect()
    luka.remove(vera.identifier, from: room)
    region.run(milliseconds: 3_000)
    // Written before its writer knows.
    let message = try nino.send("to all of you", to: room)
    nino.connect()
    region.run(milliseconds: 5_000)
    #expect(nino.accepted == [message])
    #expect(luka.read.map(\.message) == [message])
    #expect(dana.read.map(\.message) == [message])
    #expect(vera.read.isEmpty)
    #expect(nino.undeliverable.map(\.message) == [message])
    #expect(nino.undeliverable.map(\.at) == [vera.address.handle])
    #expect(nino.receipts[message] == [dana.address.handle])
  }
}

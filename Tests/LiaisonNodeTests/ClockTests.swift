import LiaisonModel
import NodeSimulation
import Testing

@Suite("A node whose clock is set")
struct ClockTests {
  @Test("back by days sends again as soon as one whose clock was right all the time")
  func resend() throws {
    let region = Region(seed: 21)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    xa.clockAheadMilliseconds = 5 * 86_400_000
    // What is sent on the standing link is lost.
    region.faults.lossOneIn = 1
    region.beginFaults()
    let message = try devices[0].send("soon", to: room)
    region.run(milliseconds: 1_000)
    #expect(devices[0].accepted == [message])
    #expect(devices[1].read.isEmpty)
    // Clocks are right again, and so is the network.
    region.endFaults()
    region.run(milliseconds: 2 * Limits.receiptMillisecondsMax + 60_000)
    #expect(devices[1].read.map(\.message) == [message])
    #expect(devices[0].receipts[message] == [xb.handle])
  }

  @Test("back by days dials who is away within a minute")
  func dial() throws {
    let region = Region(seed: 22)
    try region.addNodes(["xa", "xb"])
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    region.run(milliseconds: 2_000)
    xa.clockAheadMilliseconds = 5 * 86_400_000
    xb.crash()
    region.run(milliseconds: 600_000)
    xa.clockAheadMilliseconds = 0
    guard case .queue(let before, _) = try xa.administer(.queue(xb.handle)) else { throw SimulationError("no queue") }
    let at = try #require(before.dialsAt)
    #expect(at <= region.now.adding(milliseconds: Limits.redialMillisecondsMax))
  }
}

import LiaisonModel
import NodeSimulation
import Testing

@Suite("A full disk leaves the order of messages as it was")
struct FullDiskOrderTests {
  private let region = Region(seed: 23)
  private let devices: [PlayedDevice]
  private let room: RoomIdentifier

  init() throws {
    try region.addNodes(["xa", "xb"])
    devices = try region.enrol(["nino@xa", "vera@xb"])
    room = try region.room(of: devices)
  }

  /// Sends so many messages at intervals, after those that were sent before.
  private func send(_ count: Int, everyMilliseconds interval: UInt64) throws {
    for _ in 0..<count {
      try devices[0].send("\(devices[0].sent.count)", to: room)
      region.run(milliseconds: interval)
    }
  }

  private func checkOrder() {
    let count = devices[0].sent.count
    #expect(devices[1].read.map(\.text) == (0..<count).map(String.init))
    #expect(devices[0].receipts.count == count)
    #expect(devices[0].refusals.isEmpty)
    #expect(devices[1].complaints.isEmpty)
  }

  @Test("where it is full for a moment, at the node that sends and at the one that takes", arguments: ["xa", "xb"])
  func moment(handle: String) throws {
    let node = try region.node(handle)
    node.store.fault = .full
    try send(1, everyMilliseconds: 100)
    node.store.fault = nil
    try send(4, everyMilliseconds: 0)
    region.run(milliseconds: 2 * Limits.receiptMillisecondsMax)
    checkOrder()
  }

  @Test("where the link is never silent for long enough that the sender would begin again by itself")
  func busyLink() throws {
    let xb = try region.node("xb")
    try send(3, everyMilliseconds: 700)
    xb.store.fault = .full
    try send(15, everyMilliseconds: 700)
    xb.store.fault = nil
    try send(15, everyMilliseconds: 700)
    region.run(milliseconds: 2_000)
    checkOrder()
  }
}

internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the node, its links, queues, clock and store in one screen.",
    discussion: "Example: liaisonctl status --json")

  @OptionGroup var node: NodeOptions

  struct Line: Encodable {
    var handle: String
    var name: String
    var software: String
    var listening: String
    var startedAt: String
    var clock: String
    /// The node's clock less this machine's, milliseconds.
    var clockDifferenceMilliseconds: Int64
    var cardSerial: UInt64
    var cardExpiresAt: String
    var peersLinked: UInt32
    var peersActive: UInt32
    var devicesLinked: UInt32
    var members: UInt64
    var devices: UInt64
    var rooms: UInt64
    var queued: UInt64
    var inboxItems: UInt64
    var held: UInt64
    var storeBytes: UInt64
    var trustLogSize: UInt64
    var trustLogRoot: String
    var proposals: UInt32
    /// Who decides alone what the policy wants several for, in sentences.
    var decidesAlone: [String]
    var lostHistory: String?
    /// What peers' trust logs give to worry about.
    var alarms: [String]
    /// Cards that end soon, this node's or a peer's, and what to do.
    var reminders: [String]
    var peers: [PeerLine]
    var queues: [Queue.Line]
  }

  func run() async throws {
    guard case .status(let status) = try await node.ask(.statusRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let now = Timestamp.now
    let card = try Signed<NodeCard>(ownBytes: Array(status.card)).content
    let peers = try await node.peers()
    guard case .queues(let waiting) = try await node.ask(.queuesRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let alone = try await node.policy().decidesAlone(among: node.administrators().values)
    let queues = waiting.queues.map { Queue.Line($0) }
    let own = CardLine(card).reminder(card, at: now, remedy: "liaisonctl card renew, or card request")
    let reminders =
      (own.map { ["\(card.handle): \($0)"] } ?? [])
      + peers.filter { $0.state == PeerState.active.rawValue }.compactMap { peer in
        peer.card.reminder(peer.content, at: now, remedy: "its administrators should renew it").map {
          "\(peer.card.handle): \($0)"
        }
      }
    let line = Line(
      handle: card.handle.description, name: card.name, software: status.software, listening: status.listening,
      startedAt: Timestamp(milliseconds: status.startedAt).rfc3339,
      clock: Timestamp(milliseconds: status.clock).rfc3339,
      clockDifferenceMilliseconds: Int64(clamping: status.clock) - Int64(clamping: now.milliseconds),
      cardSerial: card.serial, cardExpiresAt: card.expiresAt.rfc3339, peersLinked: status.peersLinked,
      peersActive: status.peersActive, devicesLinked: status.devicesLinked, members: status.members,
      devices: status.devices, rooms: status.rooms, queued: status.queued, inboxItems: status.inboxItems,
      held: status.held, storeBytes: status.storeBytes, trustLogSize: status.logSize,
      trustLogRoot: Hex.encode(status.logRoot), proposals: status.proposals,
      decidesAlone: alone.map(\.sentence), lostHistory: status.lostHistory.isEmpty ? nil : status.lostHistory,
      alarms: status.alarms, reminders: reminders, peers: peers, queues: queues)
    if node.output.json { return node.output.line(Output.jsonLine(line)) }
    Terminal.write(
      Output.table(
        [
          ["node", "\(line.handle), \(line.name), \(line.software)"],
          ["listening", "\(line.listening) since \(line.startedAt)"],
          ["card", "serial \(line.cardSerial), expires \(line.cardExpiresAt)"],
          ["links", "\(line.peersLinked) of \(line.peersActive) active peers, \(line.devicesLinked) devices"],
          ["members", "\(line.members), with \(line.devices) devices, in \(line.rooms) rooms"],
          ["queues", "\(line.queued) for peers, \(line.inboxItems) for devices, \(line.held) held"],
          ["clock", line.clock],
          ["store", "\(line.storeBytes / 1024) KiB"],
          ["trust log", "\(line.trustLogSize) entries, root \(line.trustLogRoot)"],
        ] + (line.proposals == 0 ? [] : [["proposals", "\(line.proposals) wait: liaisonctl proposal list"]])
          + alone.map { ["WARNING", $0.sentence] }
          + line.alarms.map { ["ALARM", $0] }
          + (line.lostHistory.map { [["ALARM", "\($0): liaisonctl trust restored"]] } ?? [])
          + line.reminders.map { ["REMINDER", $0] }))
    for peer in peers {
      let queue = queues.first { $0.peer == peer.card.handle }
      let link = peer.linked ? "link up" : "no link"
      Terminal.write(
        Output.table(
          [
            ["peer \(peer.card.handle)", "\(peer.state), \(link)\(queue.map { ", \($0.sentence)" } ?? "")"]
          ] + (peer.alarm.map { [["  ALARM", $0]] } ?? [])
            + peer.notices.filter { $0.standing != "active" }.map { ["  NOTICE", "\($0.clause)"] }))
    }
  }
}

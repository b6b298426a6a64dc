import Crypto
import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import SimulationKit
import TLSPresentation
import TestKit
import Testing

@Suite("A member's devices")
struct DeviceTests {
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let room: RoomIdentifier

  init() throws {
    (region, ana, bo, room) = try SimulationKit.Region.pair(seed: 11)
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

  private func room(_ device: SimulatedDevice) throws -> Room { try device.open().room(named: room.description) }

  private func reconnect(_ device: SimulatedDevice) {
    device.isOffline = true
    device.isOffline = false
  }

  @Test("are brought in by one of them, get what follows, and correspondents see who authorised them")
  func invitation() throws {
    try bo.say("before", to: room)
    try settle()
    let second = try region.enrol(invitedBy: ana)
    try settle()
    try bo.say("to both", to: room)
    try settle()
    let own = try ana.say("from the first", to: room)
    try settle()
    try second.say("from the second", to: room)
    try settle()
    #expect(try ana.texts(of: room) == ["before", "to both", "from the first", "from the second"])
    #expect(try second.texts(of: room) == ["to both", "from the first", "from the second"])
    #expect(try bo.texts(of: room) == ["before", "to both", "from the first", "from the second"])
    let (first, new) = (try ana.open().identity.device, try second.open().identity.device)
    let address = try ana.address
    for device in [ana, bo] {
      #expect(try notices(device).contains(.device(address, new, authorisedBy: first)))
    }
    #expect(try notices(second).contains(.cameIn(since: nil)))
    #expect(try room(bo).members == room(second).members)
    #expect(try room(bo).members == [ana.address, bo.address])
    // A receipt comes to both, and both see where it is.
    for device in [ana, second] {
      let status = try device.open().status(own)
      #expect(status.nodes.contains { $0.handle.description == "xb" && $0.isProven }, "\(status.nodes)")
    }
  }

  @Test("that only the node vouches for are warned of, and that were confirmed are confirmed no more")
  func registrar() throws {
    try bo.confirm(ana.address)
    let second = try region.enrol("ana@xa")
    try settle()
    let new = try second.open().identity.device
    let address = try ana.address
    for device in [ana, bo] { #expect(try notices(device).contains(.device(address, new, authorisedBy: nil))) }
    guard case .changed? = try bo.open().contact(address)?.confirmation else {
      Issue.record("a device that nobody authorised passes for a confirmed one")
      return
    }
    try second.say("here too", to: room)
    try settle()
    #expect(try bo.texts(of: room) == ["here too"])
  }

  @Test("stay confirmed where a confirmed one authorised the new one")
  func confirmedAuthorisation() throws {
    try bo.confirm(ana.address)
    try region.enrol(invitedBy: ana)
    try settle()
    guard case .confirmed? = try bo.open().contact(ana.address)?.confirmation else {
      Issue.record("an authorised device counts as a change of keys")
      return
    }
  }

  @Test("hold what was confirmed on any of them, before and after they came")
  func sharedConfirmations() throws {
    let cleo = try region.enrol("cleo@xb")
    try settle()
    try ana.act { try $0.takeFound(Frame.DirectoryAnswer(cards: [cleo.open().identity.memberCard]), now: $1) }
    try ana.confirm(bo.address)
    let second = try region.enrol(invitedBy: ana)
    try settle()
    reconnect(ana)
    try settle()
    #expect(try isConfirmed(bo, on: second))
    try second.act { try $0.takeFound(Frame.DirectoryAnswer(cards: [cleo.open().identity.memberCard]), now: $1) }
    #expect(try !isConfirmed(cleo, on: second))
    try second.confirm(cleo.address)
    try settle()
    #expect(try isConfirmed(cleo, on: ana))
    // A third one, which the second brings in, is told both.
    let third = try region.enrol(invitedBy: second)
    try settle()
    reconnect(second)
    reconnect(ana)
    try settle()
    #expect(try isConfirmed(bo, on: third) && isConfirmed(cleo, on: third))
    // The keys change: all of them see it.
    try region.enrol("bo@xb")
    try settle()
    for device in [ana, second, third] {
      guard case .changed? = try device.open().contact(bo.address)?.confirmation else {
        Issue.record("\(device.name) does not see that confirmed keys have changed")
        continue
      }
    }
    // Nobody sees the room in which they say it.
    for device in [ana, second, third] {
      #expect(try device.open().rooms().map(\.identifier) == [room])
      #expect(try device.open().inbox(unreadOnly: false).allSatisfy { $0.room == room })
    }
  }

  private func isConfirmed(_ person: SimulatedDevice, on device: SimulatedDevice) throws -> Bool {
    if case .confirmed? = try device.open().contact(person.address)?.confirmation { true } else { false }
  }

  @Test("tell nothing to one that only the node vouches for, and believe nothing of it")
  func untrustedConfirmation() throws {
    try ana.confirm(bo.address)
    let silent = try region.enrol("ana@xa")
    let cleo = try region.enrol("cleo@xb")
    try settle()
    reconnect(ana)
    try settle()
    for device in [ana, silent] {
      try device.act { try $0.takeFound(Frame.DirectoryAnswer(cards: [cleo.open().identity.memberCard]), now: $1) }
    }
    try silent.confirm(cleo.address)
    try settle()
    // It comes into the room that the other one has made.
    reconnect(ana)
    try settle()
    #expect(try !isConfirmed(cleo, on: ana) && !isConfirmed(bo, on: silent))
    // Nor is the room seen in which it says so.
    #expect(try ana.open().rooms().map(\.identifier) == [room])
    #expect(try ana.open().inbox(unreadOnly: false).allSatisfy { $0.room == room })
  }

  @Test("are told what was confirmed once one that only the node vouches for is gone")
  func confirmedBesideSilent() throws {
    let second = try region.enrol(invitedBy: ana)
    let silent = try region.enrol("ana@xa")
    try settle()
    reconnect(ana)
    reconnect(second)
    try settle()
    try ana.confirm(bo.address)
    try settle()
    #expect(try !isConfirmed(bo, on: silent) && !isConfirmed(bo, on: second))
    let device = try silent.open().identity.device
    silent.isOffline = true
    try ana.act { try $0.removeDevice(device, now: $1) }
    let own = LinkPeer.device(try ana.open().identity.device, inboxPosition: try ana.open().inboxPosition)
    #expect(try region.network.node("xa").answer(to: .deviceRemove(device), from: own) == .done)
    for _ in 1...2 {
      reconnect(second)
      reconnect(ana)
      try settle()
    }
    #expect(try isConfirmed(bo, on: second) && !isConfirmed(bo, on: silent))
  }

  @Test("tell one another what was confirmed before one of them was accepted, once it is")
  func confirmedBeforeAccepted() throws {
    let second = try region.enrol("ana@xa")
    let cleo = try region.enrol("cleo@xb")
    try settle()
    reconnect(ana)
    reconnect(second)
    try settle()
    try second.act { try $0.takeFound(Frame.DirectoryAnswer(cards: [cleo.open().identity.memberCard]), now: $1) }
    try ana.confirm(bo.address)
    try second.confirm(cleo.address)
    try settle()
    #expect(try !isConfirmed(bo, on: second) && !isConfirmed(cleo, on: ana))
    for (device, other) in [(ana, second), (second, ana)] {
      let digits = try other.open().identity.device.description
      let unknown = try device.open().directoryAlarms(now: region.now).contains {
        if case .unknownDevice(let found, _) = $0 { found.description == digits } else { false }
      }
      if unknown { _ = try device.act { try $0.acceptDevice(digits, now: $1) } }
      try settle()
    }
    #expect(try isConfirmed(bo, on: second) && isConfirmed(cleo, on: ana))
  }

  @Test("believe no confirmation that is dated ahead by more than an hour")
  func confirmedAhead() throws {
    let second = try region.enrol(invitedBy: ana)
    try settle()
    reconnect(ana)
    try settle()
    second.clockAheadMilliseconds = 2 * 3_600_000
    try second.act { try $0.takeFound(Frame.DirectoryAnswer(cards: [bo.open().identity.memberCard]), now: $1) }
    try second.confirm(bo.address)
    try settle()
    #expect(try isConfirmed(bo, on: second) && !isConfirmed(bo, on: ana))
  }

  @Test("are all in rooms that one of them makes, or that others make")
  func newRooms() throws {
    let second = try region.enrol(invitedBy: ana)
    try settle()
    reconnect(ana)
    try settle()
    let made = try ana.act { try $0.createRoom(title: "Made", members: [bo.address], now: $1) }.room
    let invited = try bo.act { try $0.createRoom(title: "Invited", members: [ana.address], now: $1) }.room
    try settle()
    for (room, writer) in [(made, second), (invited, bo)] {
      try writer.say("to all", to: room)
      try settle()
      for device in [ana, bo, second] {
        #expect(try device.texts(of: room) == ["to all"], "\(device.name)")
        #expect(try device.open().room(named: room.description).members == [ana.address, bo.address])
        #expect(try device.open().room(named: room.description).failed.isEmpty)
      }
    }
  }

  @Test("share what was read and acknowledged")
  func readState() throws {
    let second = try region.enrol(invitedBy: ana)
    try settle()
    let message = try bo.say("read me", to: room)
    try settle()
    #expect(try second.open().inbox(unreadOnly: true).contains { $0.identifier == message })
    try ana.act { try $0.markDisplayed($0.inbox(unreadOnly: true), now: $1) }
    try settle()
    #expect(try !second.open().inbox(unreadOnly: true).contains { $0.identifier == message })
    try ana.act { _ = try $0.acknowledge(message, now: $1) }
    try settle()
    #expect(try second.open().message(named: message.description).isAcknowledged)
    region.run(milliseconds: 2 * 86_400_000)
    #expect(try second.open().late(now: region.now).isEmpty)
  }

  @Test("that are removed are out of every room at once, and read and write nothing more")
  func removal() throws {
    let second = try region.enrol(invitedBy: ana)
    try settle()
    let lost = try second.open().identity.device
    try ana.act { try #expect($0.removeDevice(lost, now: $1) == 1) }
    let node = try region.network.node(ana.address.handle)
    let own = try ana.open().identity.device
    let position = try ana.open().inboxPosition
    let answer = try node.answer(to: .deviceRemove(lost), from: .device(own, inboxPosition: position))
    #expect(answer == .done)
    // Written at once: it waits for the removal.
    try ana.say("without it", to: room)
    #expect(region.run { ana.isIdle && bo.isIdle })
    region.run(milliseconds: 5000)
    #expect(try bo.texts(of: room) == ["without it"])
    #expect(try second.texts(of: room).isEmpty)
    try second.say("still here", to: room)
    region.run(milliseconds: 20_000)
    #expect(try bo.texts(of: room) == ["without it"])
    let address = try ana.address
    #expect(try notices(bo).contains(.deviceRemoved(address, lost, by: address)))
    #expect(try room(bo).members == [ana.address, bo.address])
    guard
      case .directoryAnswer(let found) = try node.answer(
        to: .directoryQuery(.address(address)), from: .device(own, inboxPosition: position))
    else {
      Issue.record("no card")
      return
    }
    #expect(try found.cards.first?.claim().devices.map(\.identifier) == [own])
    #expect { try ana.act { try $0.removeDevice(own, now: $1) } } throws: {
      ($0 as? ClientError)?.code == "remove-this-device"
    }
  }

  @Test("that the node removed are removed from rooms by those that are left")
  func removalByNode() throws {
    let second = try region.enrol(invitedBy: ana)
    try settle()
    reconnect(ana)
    try settle()
    let lost = try second.open().identity.device
    let node = try region.network.node(ana.address.handle)
    let own = try ana.open().identity.device
    _ = try node.answer(to: .deviceRemove(lost), from: .device(own, inboxPosition: ana.open().inboxPosition))
    reconnect(ana)
    #expect(region.run { ana.isIdle && bo.isIdle })
    region.run(milliseconds: 5000)
    let address = try ana.address
    #expect(try notices(bo).contains(.deviceRemoved(address, lost, by: address)))
  }

  @Test("whose member is removed from a room while they come into it are out of it, and nothing is damaged")
  func outWhileComingIn() throws {
    var committing = 0
    for pause in 0..<12 as Range<UInt64> {
      let (region, ana, bo, room) = try SimulationKit.Region.pair(seed: 12)
      #expect(region.run { region.devices.allSatisfy(\.isIdle) })
      region.run(milliseconds: 2000)
      let second = try region.enrol(invitedBy: ana)
      for _ in 0..<1000 where try second.open().rooms().isEmpty { region.run(milliseconds: 1) }
      #expect(try second.open().room(named: room.description).state == .comingIn)
      region.run(milliseconds: pause)
      // It has made its commit, or not yet, or it is in already.
      second.isOffline = true
      if try second.open().room(named: room.description).state == .comingIn { committing += 1 }
      try bo.act { _ = try $0.remove(ana.address, from: room, now: $1) }
      #expect(region.run { ana.isIdle && bo.isIdle })
      region.run(milliseconds: 2000)
      second.isOffline = false
      #expect(region.run { second.isIdle })
      region.run(milliseconds: 2000)
      #expect(try second.open().rooms().allSatisfy { $0.state == .ended }, "after \(pause) ms")
      #expect(region.findings.isEmpty, "\(region.findings)")
    }
    #expect(committing > 1)
  }

  @Test("come back into a room with fresh keys, lose nothing that follows, and are seen to have come back")
  func rejoining() throws {
    try bo.say("first", to: room)
    try settle()
    let before = try room(bo).epoch
    let request = try ana.act { try $0.rejoin(room, now: $1) }
    // Written while it is out: it waits.
    try ana.say("once I am back", to: room)
    try settle()
    #expect(try ana.open().progress(of: request) == .done)
    for text in ["second", "third"] {
      try bo.say(text, to: room)
      try settle()
    }
    #expect(try bo.texts(of: room) == ["first", "once I am back", "second", "third"])
    #expect(try ana.texts(of: room) == ["first", "once I am back", "second", "third"])
    #expect(try room(bo).epoch == before + 1)
    #expect(try room(bo).epochAuthenticator == room(ana).epochAuthenticator)
    #expect(try room(bo).gaps.isEmpty && room(ana).gaps.isEmpty)
    let (address, device) = (try ana.address, try ana.open().identity.device)
    #expect(try notices(bo).contains(.deviceReturned(address, device)))
    #expect(
      try bo.open().history(of: room).allSatisfy { !$0.flags.contains(.sequenceRepeated) },
      "numbers begin anew with the device")
  }

  @Test("come back also while others change the room")
  func rejoiningAmidChanges() throws {
    let cy = try region.enrol("cy@xb")
    let dee = try region.enrol("dee@xa")
    try settle()
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    try ana.act { _ = try $0.rejoin(room, now: $1) }
    try settle()
    try ana.act { _ = try $0.rejoin(room, now: $1) }
    try bo.act { _ = try $0.add([dee.address], to: room, now: $1) }
    try settle()
    let members = [ana, bo, cy, dee]
    for device in members { try device.say("\(device.name) is here", to: room) }
    try settle()
    #expect(Set(try members.map { try room($0).epochAuthenticator }).count == 1)
    for device in members { #expect(try device.texts(of: room).count == 4, "\(device.name)") }
  }

  @Test("cannot come into a room of which their member is no longer")
  func rejoiningFromOutside() throws {
    let cy = try region.enrol("cy@xb")
    try settle()
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    try settle()
    try bo.act { _ = try $0.remove(ana.address, from: room, now: $1) }
    try settle()
    try ana.act { _ = try $0.rejoin(room, now: $1) }
    try settle()
    #expect(try room(ana).state == .ended)
    #expect(try room(bo).members == [bo.address, cy.address])
  }

  @Test("do not take an invitation of a device that is not the member's, and use each once")
  func invitations() throws {
    let (invitation, request) = try ana.open().inviteDevice(lifetimeMilliseconds: 3_600_000, now: region.now)
    guard case .deviceInvite(let hash, _) = request else {
      Issue.record("no invitation")
      return
    }
    // The node learns neither the secret nor the key that signs the acceptance.
    #expect(hash == Array(SHA256.hash(data: invitation.enrolmentSecret)))
    #expect(invitation.enrolmentSecret != invitation.secret)
    #expect(try Invitation(text: invitation.text).grant == invitation.grant)
    #expect { try ana.open().inviteDevice(lifetimeMilliseconds: 8 * 86_400_000, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "invitation-lifetime"
    }
    let node = try region.network.node(ana.address.handle)
    let second = try region.enrol(invitedBy: ana)
    try settle()
    let folder = try TemporaryDirectory()
    let stranger = try Profile.create(at: folder.path("stranger"), passphrase: nil)
    // One that the node was never told of.
    let unknown = try stranger.beginEnrolment(invitation, now: region.now)
    guard
      case .failure(let failure) = try node.answer(
        to: unknown.request, from: .enrolment(unknown.linkKey.publicKey))
    else {
      Issue.record("enrolled without an invitation")
      return
    }
    #expect(failure.reason == .notPermitted)
    #expect(try second.open().devices.count == 2)
  }
}

@Suite("A device's authorisation")
struct DeviceAuthorisationTests {
  private let address: Address
  private let old = SigningKey<DeviceSignaturePurpose>()
  private let oldDevice: MemberCard.Device
  private let new: MemberCard.Device
  private let secret = [UInt8](repeating: 9, count: 32)

  init() throws {
    address = try Address("ana@xa")
    oldDevice = MemberCard.Device(
      identifier: try DeviceIdentifier(bytes: Array(1...16)), signatureKey: old.publicKey)
    new = MemberCard.Device(
      identifier: try DeviceIdentifier(bytes: Array(2...17)),
      signatureKey: SigningKey<DeviceSignaturePurpose>().publicKey)
  }

  private func authorisation(
    by signer: SigningKey<DeviceSignaturePurpose>? = nil, accepting device: MemberCard.Device? = nil,
    key: SigningKey<DeviceInvitationPurpose>? = nil
  ) throws -> DeviceAuthorisation {
    let invitationKey = try Invitation.key(of: secret)
    let grant = DeviceGrant(
      address: address, device: oldDevice.identifier, invitationKey: invitationKey.publicKey,
      expiresAt: Timestamp(milliseconds: 5))
    return DeviceAuthorisation(
      grant: Signed(grant, by: signer ?? old).unverified,
      acceptance: Signed(DeviceAcceptance(device: device ?? new), by: key ?? invitationKey).unverified)
  }

  @Test("names the device that gave it, after any journey")
  func good() throws {
    let carried = try DeviceAuthorisation(tlsEncoded: authorisation().tlsEncoded)
    #expect(carried.authoriser(of: new, address, among: [oldDevice]) == oldDevice.identifier)
  }

  @Test("counts for no other device, member, key or granting device")
  func bad() throws {
    let good = try authorisation()
    let other = SigningKey<DeviceSignaturePurpose>()
    var changed = new
    changed.signatureKey = other.publicKey
    #expect(good.authoriser(of: changed, address, among: [oldDevice]) == nil)
    #expect(good.authoriser(of: new, try Address("bo@xa"), among: [oldDevice]) == nil)
    #expect(good.authoriser(of: new, address, among: [new]) == nil)
    #expect(good.authoriser(of: new, address, among: []) == nil)
    #expect(good.authoriser(of: oldDevice, address, among: [oldDevice]) == nil)
    #expect(try authorisation(by: other).authoriser(of: new, address, among: [oldDevice]) == nil)
    #expect(
      try authorisation(key: Invitation.key(of: [UInt8](repeating: 8, count: 32)))
        .authoriser(of: new, address, among: [oldDevice]) == nil)
    #expect(try authorisation(accepting: changed).authoriser(of: new, address, among: [oldDevice]) == nil)
  }
}

internal import GRDB
internal import LiaisonModel
internal import MLS
internal import TLSPresentation

/// What was confirmed on one of a member's devices holds on all: they tell one another in a room of theirs alone, which
/// nobody sees among their rooms.
extension EngineStep {
  /// Tells this member's other devices whose keys were compared; of everybody, where they have not been told before. As long
  /// as the card names a device that is not known to be the member's, nobody is told: it would hear it too.
  func tellConfirmations(of address: Address? = nil) throws {
    guard !otherDevices.isEmpty else { return }
    guard try areOwn(identity.memberCard.claim().devices) else {
      return try tx.setOwesConfirmations(!confirmations().isEmpty)
    }
    let own = try tx.ownRooms().compactMap { try tx.room($0) }
    if let damaged = own.first(where: { $0.state == .damaged }) {
      try planToComeIn(damaged.room, hub: damaged.hub)
      return try say(confirmations(), in: damaged.room)
    }
    let isOwed = try tx.owesConfirmations
    try tx.setOwesConfirmations(false)
    let standing = own.filter { [.active, .establishing, .comingIn].contains($0.state) }
    if let room = standing.min(by: { $0.room.bytes.lexicographicallyPrecedes($1.room.bytes) })?.room {
      if isOwed { return try say(confirmations(), in: room) }
      if let address { try say(confirmations(of: address), in: room) }
      return
    }
    let all = try confirmations()
    guard !all.isEmpty else { return }
    let room = try createRoom(title: "", members: []).room
    try tx.noteOwnRoom(room)
    try say(all, in: room)
  }

  /// A further device of this member has come into their room: it is told everything.
  func tellConfirmations(toNewIn room: RoomIdentifier) throws {
    guard try tx.ownRooms().contains(room) else { return }
    try say(confirmations(), in: room)
  }

  /// Whether what is told may go to this group: every device in it is known to be this member's. Where one is not, it is told
  /// once that has changed.
  func mayTellConfirmations(to members: [RoomMember]) throws -> Bool {
    let devices = try members.map { member in
      try member.card.claim().devices.first { $0.identifier == member.device && member.address == identity.address }
    }
    if try !devices.contains(nil), try areOwn(devices.compactMap(\.self)) { return true }
    try tx.setOwesConfirmations(true)
    return false
  }

  private func areOwn(_ devices: [MemberCard.Device]) throws -> Bool {
    let own = try ownDirectory()
    return devices.allSatisfy(own.accepted.contains)
  }

  /// Takes what another device of this member says. One that none of the others authorised could be the node's, and is
  /// not believed before the person has accepted it.
  func take(_ told: OwnConfirmations, from sender: RoomMember, in record: RoomRecord) throws {
    guard sender.address == identity.address, record.title.isEmpty, record.addressees.isEmpty,
      try group(record.room)?.addresses == [identity.address],
      let device = try? sender.card.claim().devices.first(where: { $0.identifier == sender.device })
    else { return }
    if try !tx.ownRooms().contains(record.room) {
      try tx.noteOwnRoom(record.room)
      // Whoever made it does not know what was confirmed here.
      if try !confirmations().isEmpty { try tx.setOwesConfirmations(true) }
    }
    guard try trust(device, by: told.authorisation) else { return try tx.keep(told, of: device) }
    try take(told)
  }

  private func take(_ told: OwnConfirmations) throws {
    for confirmation in told.confirmations {
      guard let claim = try? confirmation.card.claim(), claim.address != identity.address else { continue }
      // Nothing takes the place of what is dated ahead: a clock that is wrong must not do that.
      let latest = now.adding(milliseconds: Limits.clockErrorMillisecondsMax)
      guard confirmation.confirmedAt <= latest else { continue }
      try tx.take(confirmation.card, now: now)
      var contact = try tx.contact(claim.address) ?? ContactRecord(card: confirmation.card, seenAt: now)
      if let pin = contact.pin, pin.confirmedAt <= latest, pin.confirmedAt >= confirmation.confirmedAt { continue }
      contact.pin = ContactRecord.Pin(
        rootKey: confirmation.rootKey, devices: confirmation.devices, confirmedAt: confirmation.confirmedAt)
      try tx.save(contact, claim.address)
    }
  }

  /// Whether a device of this member is one that this device knows to be the member's, or one that such a device authorised,
  /// which is known from then on. One that was removed is not brought back by that.
  @discardableResult
  func trust(_ device: MemberCard.Device, by authorisation: DeviceAuthorisation?) throws -> Bool {
    var own = try ownDirectory()
    if own.accepted.contains(device) { return true }
    guard !own.removed.contains(where: { $0.identifier == device.identifier }),
      authorisation?.authoriser(of: device, identity.address, among: own.accepted) != nil
    else { return false }
    own.accept([device])
    try save(own)
    try noteAccepted()
    return true
  }

  /// A device is known to be this member's from now on: what it has told is believed, and it is told what it could not be
  /// before.
  func noteAccepted() throws {
    let accepted = try ownDirectory().accepted
    let kept = try tx.kept()
    let believed = kept.filter { accepted.contains($0.device) }
    if !believed.isEmpty { try tx.set(kept: kept.filter { !accepted.contains($0.device) }) }
    for telling in believed { try take(telling.told) }
    try tellConfirmations()
  }

  private func confirmations(of wanted: Address? = nil) throws -> [OwnConfirmations.Confirmation] {
    try tx.contacts().compactMap { contact in
      guard let pin = contact.pin, let address = try? contact.card.claim().address, wanted ?? address == address else {
        return nil
      }
      return OwnConfirmations.Confirmation(
        card: contact.card, rootKey: pin.rootKey, devices: pin.devices, confirmedAt: pin.confirmedAt)
    }.sorted { $0.confirmedAt < $1.confirmedAt }
  }

  /// Says it in as many messages as it needs.
  private func say(_ confirmations: [OwnConfirmations.Confirmation], in room: RoomIdentifier) throws {
    var rest = confirmations[...]
    while !rest.isEmpty {
      var part = OwnConfirmations(authorisation: identity.authorisation, confirmations: [])
      var bytes = 0
      while let next = rest.first, part.confirmations.isEmpty || bytes + next.tlsEncoded.count <= Limits.textBytesMax {
        bytes += next.tlsEncoded.count
        part.confirmations.append(next)
        rest.removeFirst()
      }
      _ = try send(Draft(.confirmations(part), marking: .red), to: room)
    }
  }
}

extension ProfileTransaction {
  /// The rooms of this member's devices alone. There is more than one where two devices made theirs at the same time.
  func ownRooms() throws -> [RoomIdentifier] { try setting("ownRooms", as: Listed<RoomIdentifier>.self)?.values ?? [] }

  func noteOwnRoom(_ room: RoomIdentifier) throws {
    let rooms = try ownRooms()
    guard !rooms.contains(room) else { return }
    // Those that have ended are of no use; this bounds how many there are.
    let standing = try rooms.filter { try self.room($0).map { $0.state != .ended } ?? false }
    try set("ownRooms", to: Listed(values: standing.suffix(7) + [room]))
  }
}

/// What a device told of which nobody knew whether it is the member's.
struct KeptTelling: TLSCodable {
  let device: MemberCard.Device
  let told: OwnConfirmations

  init(device: MemberCard.Device, told: OwnConfirmations) {
    self.device = device
    self.told = told
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    device = try decoder.read()
    told = try decoder.read()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(device)
    encoder.write(told)
  }
}

extension ProfileTransaction {
  /// How much is kept of what unknown devices tell: more than a person confirms before they see the alarm.
  private static let keptMax = 16

  func kept() throws -> [KeptTelling] { try setting("toldByUnknown", as: Listed<KeptTelling>.self)?.values ?? [] }

  func set(kept tellings: [KeptTelling]) throws {
    try set("toldByUnknown", to: tellings.isEmpty ? nil : Listed(values: tellings))
  }

  fileprivate func keep(_ told: OwnConfirmations, of device: MemberCard.Device) throws {
    let kept = try kept()
    guard kept.count < Self.keptMax else { return }
    try set(kept: kept + [KeptTelling(device: device, told: told)])
  }

  /// Whether something was confirmed that the other devices could not be told.
  fileprivate var owesConfirmations: Bool { get throws { try counter("owesConfirmations") > 0 } }

  fileprivate func setOwesConfirmations(_ owes: Bool) throws {
    guard try owesConfirmations != owes else { return }
    try setCounter("owesConfirmations", to: owes ? 1 : 0)
  }
}

/// A short list as a setting.
private struct Listed<Value: TLSCodable>: TLSCodable {
  var values: [Value]

  init(values: [Value]) { self.values = values }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { values = try decoder.readVector(bound: 8 << 20) }

  func encode(to encoder: inout TLSEncoder) { encoder.write(vector: values) }
}

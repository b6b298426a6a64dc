internal import LiaisonModel
internal import MerkleLog
internal import TLSPresentation

/// How far this device has read its own node's directory log, and what it found there about its own member.
struct OwnDirectory: TLSCodable {
  /// A device on one of this member's cards of which this one does not know who brought it in.
  struct UnknownDevice: TLSCodable, Equatable {
    let device: MemberCard.Device
    /// When the node issued the card that first named it.
    let since: Timestamp
    /// Whether it was looked for what would vouch for it, and nothing was there.
    var isConfirmed = false

    init(_ device: MemberCard.Device, since: Timestamp) {
      self.device = device
      self.since = since
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      device = try decoder.read()
      since = try decoder.read()
      isConfirmed = try decoder.read(UInt8.self) == 1
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(device)
      encoder.write(since)
      encoder.write(UInt8(isConfirmed ? 1 : 0))
    }
  }

  /// A device that was this member's, or had passed for one, and that the person removed or the node took off the card. No
  /// grant brings it back.
  struct RemovedDevice: TLSCodable, Equatable {
    let identifier: DeviceIdentifier
    /// When this device removed it, or saw that it was.
    var removedAt: Timestamp
    /// The serial of the latest card that was known then.
    var serial: UInt64
    /// When a later card was issued that names it again.
    var listedSince: Timestamp?

    init(_ identifier: DeviceIdentifier, removedAt: Timestamp, serial: UInt64) {
      self.identifier = identifier
      self.removedAt = removedAt
      self.serial = serial
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      identifier = try decoder.read()
      removedAt = try decoder.read()
      serial = try decoder.read()
      listedSince = try decoder.readOptional()
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(identifier)
      encoder.write(removedAt)
      encoder.write(serial)
      encoder.write(optional: listedSince)
    }
  }

  /// An entry about this member that is still to be read.
  struct PendingEntry: TLSCodable, Equatable {
    let index: UInt64
    /// SHA-256 of the entry, as the log has it.
    let digest: [UInt8]

    init(index: UInt64, digest: [UInt8]) {
      self.index = index
      self.digest = digest
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      index = try decoder.read()
      digest = try decoder.read(fixed: 32)
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(index)
      encoder.write(fixed: digest)
    }
  }

  static let pendingMax = 256
  static let devicesMax = 256
  /// How long a node has to take a device off the card: the answer to the next question is as a rule without it already.
  static let removalMilliseconds: UInt64 = 10 * 60_000
  /// How long connections may come and go without one on which the log was read to its end, and how many at least.
  static let unreadMilliseconds: UInt64 = 86_400_000
  static let unreadAttempts: UInt16 = 3

  /// Names the log.
  var beganAt = Timestamp(milliseconds: 0)
  /// What of it was read.
  var frontier = MerkleFrontier()
  /// Devices that this one knows to be its member's.
  var accepted: [MemberCard.Device]
  var unknown: [UnknownDevice] = []
  var removed: [RemovedDevice] = []
  /// The highest serial of a card of this member that was proven to be in the directory.
  var cardSerial: UInt64 = 0
  var pending: [PendingEntry] = []
  /// Whether the log was read to its end once: every entry that comes after that is looked at. Of those before, the last.
  var hasBaseline = false
  /// Whether there is more of it to read now.
  var isReading = false
  /// Whether the node is to be asked who brought in an unknown device.
  var asksForDevices = false
  /// When it was first begun to read what has come since the log was last read to its end, when it was the last time, and how
  /// often.
  var unreadSince: Timestamp?
  var triedAt = Timestamp(milliseconds: 0)
  var attempts: UInt16 = 0
  /// What is wrong with the log that the node shows, until it was read to its end; empty where nothing is.
  var fault = ""
  /// What is wrong with the entries about this member that the node shows, until it has shown them all; empty where nothing is.
  var entryFault = ""

  init(accepting devices: [MemberCard.Device]) { accepted = devices }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("the own directory has an unknown format") }
    beganAt = try decoder.read()
    let size = try decoder.read(UInt64.self)
    var hashes = try decoder.readVectorContent(bound: 64 * 32)
    var peaks: [MerkleHash] = []
    while !hashes.isAtEnd {
      guard let hash = MerkleHash(try hashes.read(fixed: 32)) else { throw .invalid("a hash is malformed") }
      peaks.append(hash)
    }
    guard let frontier = MerkleFrontier(size: size, peaks: peaks) else {
      throw .invalid("the own directory is malformed")
    }
    self.frontier = frontier
    accepted = try decoder.readVector(bound: 64 << 10)
    unknown = try decoder.readVector(bound: 64 << 10)
    removed = try decoder.readVector(bound: 64 << 10)
    cardSerial = try decoder.read()
    pending = try decoder.readVector(bound: 64 << 10)
    let flags = try decoder.read(UInt8.self)
    (hasBaseline, isReading, asksForDevices) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
    unreadSince = try decoder.readOptional()
    triedAt = try decoder.read()
    attempts = try decoder.read()
    fault = try decoder.readString(bound: 1024)
    entryFault = try decoder.readString(bound: 1024)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(beganAt)
    encoder.write(frontier.size)
    encoder.write(opaque: frontier.peaks.flatMap(\.bytes))
    encoder.write(vector: accepted)
    encoder.write(vector: unknown)
    encoder.write(vector: removed)
    encoder.write(cardSerial)
    encoder.write(vector: pending)
    encoder.write(UInt8((hasBaseline ? 1 : 0) | (isReading ? 2 : 0) | (asksForDevices ? 4 : 0)))
    encoder.write(optional: unreadSince)
    encoder.write(triedAt)
    encoder.write(attempts)
    encoder.write(string: fault)
    encoder.write(string: entryFault)
  }

  /// Whether connections have come and gone for about a day without one on which the log was read to its end.
  var isOverdue: Bool {
    guard let unreadSince, attempts >= Self.unreadAttempts else { return false }
    return unreadSince.adding(milliseconds: Self.unreadMilliseconds) <= triedAt
  }

  /// Notes the devices of one of this member's cards that are not known to be theirs, or no longer.
  mutating func look(at card: MemberCard) {
    for device in card.devices where !accepted.contains(device) {
      if let place = removed.firstIndex(where: { $0.identifier == device.identifier }) {
        if card.serial > removed[place].serial, removed[place].listedSince == nil {
          removed[place].listedSince = card.issuedAt
        }
      } else if !unknown.contains(where: { $0.device == device }), unknown.count < Self.devicesMax {
        unknown.append(UnknownDevice(device, since: card.issuedAt))
        asksForDevices = true
      }
    }
  }

  /// The same of a card that is proven to be in the directory: what it names no longer, and no newer one did, is no device of
  /// this member's any more, but for the one that looks.
  mutating func look(atProven card: MemberCard, by own: DeviceIdentifier, now: Timestamp) {
    look(at: card)
    guard card.serial >= cardSerial else { return }
    cardSerial = card.serial
    for device in accepted where device.identifier != own && !card.devices.contains(device) {
      remove(device.identifier, serial: card.serial, now: now)
    }
  }

  /// Takes devices for this member's.
  mutating func accept(_ devices: [MemberCard.Device]) {
    for device in devices where !accepted.contains(device) { accepted.append(device) }
    accepted = Array(accepted.suffix(Self.devicesMax))
    unknown.removeAll { accepted.contains($0.device) }
    removed.removeAll { removed in devices.contains { $0.identifier == removed.identifier } }
  }

  /// Takes a device for this member's no longer. `serial` is that of the member's latest card.
  mutating func remove(_ device: DeviceIdentifier, serial: UInt64, now: Timestamp) {
    accepted.removeAll { $0.identifier == device }
    unknown.removeAll { $0.device.identifier == device }
    removed.removeAll { $0.identifier == device }
    removed =
      removed.suffix(Self.devicesMax - 1) + [
        RemovedDevice(device, removedAt: now, serial: max(serial, cardSerial))
      ]
  }
}

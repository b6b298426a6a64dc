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
    /// Whether the person has had it removed.
    var isSettled = false

    init(_ device: MemberCard.Device, since: Timestamp) {
      self.device = device
      self.since = since
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      device = try decoder.read()
      since = try decoder.read()
      isConfirmed = try decoder.read(UInt8.self) == 1
      isSettled = try decoder.read(UInt8.self) == 1
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(device)
      encoder.write(since)
      encoder.write(UInt8(isConfirmed ? 1 : 0))
      encoder.write(UInt8(isSettled ? 1 : 0))
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

  /// Names the log.
  var beganAt = Timestamp(milliseconds: 0)
  /// What of it was read.
  var frontier = MerkleFrontier()
  /// Devices that this one knows to be its member's.
  var accepted: [MemberCard.Device]
  var unknown: [UnknownDevice] = []
  var pending: [PendingEntry] = []
  /// Whether the log was read to its end once: every entry that comes after that is looked at. Of those before, the last.
  var hasBaseline = false
  /// Whether there is more of it to read now.
  var isReading = false
  /// Whether the node is to be asked who brought in an unknown device.
  var asksForDevices = false
  /// What is wrong with what the node shows; empty where nothing is.
  var fault = ""

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
    pending = try decoder.readVector(bound: 64 << 10)
    let flags = try decoder.read(UInt8.self)
    (hasBaseline, isReading, asksForDevices) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
    fault = try decoder.readString(bound: 1024)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(beganAt)
    encoder.write(frontier.size)
    encoder.write(opaque: frontier.peaks.flatMap(\.bytes))
    encoder.write(vector: accepted)
    encoder.write(vector: unknown)
    encoder.write(vector: pending)
    encoder.write(UInt8((hasBaseline ? 1 : 0) | (isReading ? 2 : 0) | (asksForDevices ? 4 : 0)))
    encoder.write(string: fault)
  }

  /// Notes the devices of one of this member's cards that are not known to be theirs.
  mutating func look(at devices: [MemberCard.Device], since: Timestamp) {
    for device in devices where !accepted.contains(device) && !unknown.contains(where: { $0.device == device }) {
      guard unknown.count < Self.devicesMax else { return }
      unknown.append(UnknownDevice(device, since: since))
      asksForDevices = true
    }
  }

  /// Takes devices for this member's.
  mutating func accept(_ devices: [MemberCard.Device]) {
    for device in devices where !accepted.contains(device) { accepted.append(device) }
    accepted = Array(accepted.suffix(Self.devicesMax))
    unknown.removeAll { accepted.contains($0.device) }
  }
}

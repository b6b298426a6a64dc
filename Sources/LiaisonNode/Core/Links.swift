internal import LiaisonModel

/// The links that stand, by whose they are.
struct Links: Sendable {
  /// Whose a link is.
  enum Owner: Hashable, Sendable {
    case peer(Handle)
    case device(DeviceIdentifier)
    case enrolment(DeviceLinkKey)
  }

  /// The one link with a peer.
  struct Peer: Sendable {
    let link: LinkID
    let isDialledHere: Bool
    private(set) var openedAt: Timestamp
    /// The peer's clock less ours, at its Hello.
    let clockDifferenceMilliseconds: Int64
    var window = Window()
    var backlog = Backlog()

    init(link: LinkID, isDialledHere: Bool, openedAt: Timestamp, clockDifferenceMilliseconds: Int64) {
      self.link = link
      self.isDialledHere = isDialledHere
      self.openedAt = openedAt
      self.clockDifferenceMilliseconds = clockDifferenceMilliseconds
    }

    /// The same by a clock that was set back.
    func earlier(by milliseconds: UInt64) -> Self {
      var peer = self
      peer.openedAt = openedAt.subtracting(milliseconds: milliseconds)
      peer.window.setBack(by: milliseconds)
      return peer
    }
  }

  /// One of a device's links.
  struct Device: Sendable {
    let device: DeviceIdentifier
    let address: Address
    var push: Push
    var backlog = Backlog()
    /// Whether it has asked for its member's duties, and is told when they change.
    var followsDuties = false
  }

  private(set) var owners: [LinkID: Owner] = [:]
  var peers: [Handle: Peer] = [:]
  var devices: [LinkID: Device] = [:]
  private var linksOfDevices: [DeviceIdentifier: [LinkID]] = [:]

  func links(of device: DeviceIdentifier) -> [LinkID] { linksOfDevices[device] ?? [] }

  mutating func insert(_ link: LinkID, _ peer: Peer, of handle: Handle) {
    owners[link] = .peer(handle)
    peers[handle] = peer
  }

  mutating func insert(_ link: LinkID, _ device: Device) {
    owners[link] = .device(device.device)
    devices[link] = device
    linksOfDevices[device.device, default: []].append(link)
  }

  mutating func insert(_ link: LinkID, enrolment key: DeviceLinkKey) { owners[link] = .enrolment(key) }

  /// A peer gave a receipt for a message, or refused it.
  mutating func settled(_ message: MessageIdentifier, by peer: Handle, at now: Timestamp) {
    guard var window = peers[peer]?.window else { return }
    window.settled(message, at: now)
    peers[peer]?.window = window
  }

  /// Forgets a link, and returns whose it was.
  @discardableResult
  mutating func remove(_ link: LinkID) -> Owner? {
    guard let owner = owners.removeValue(forKey: link) else { return nil }
    switch owner {
    case .peer(let handle): if peers[handle]?.link == link { peers[handle] = nil }
    case .device(let device):
      devices[link] = nil
      let rest = links(of: device).filter { $0 != link }
      linksOfDevices[device] = rest.isEmpty ? nil : rest
    case .enrolment: break
    }
    return owner
  }
}

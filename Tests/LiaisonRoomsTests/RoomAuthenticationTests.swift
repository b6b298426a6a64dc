import LiaisonModel
import LiaisonRooms
import MLS
import TLSPresentation
import Testing

@Suite("Which leaves a room may hold")
struct RoomAuthenticationTests {
  private let now = Timestamp(milliseconds: 1_780_000_000_000)
  private let root = SigningKey<RootPurpose>()
  private let node = SigningKey<NodePurpose>()
  private let signatureKey = SigningKey<DeviceSignaturePurpose>()
  private let device: DeviceIdentifier

  init() {
    var random = SystemRandomNumberGenerator()
    device = DeviceIdentifier(using: &random)
  }

  private func nodeCard(_ handle: String = "xa") throws -> Signed<NodeCard> {
    Signed(
      try NodeCard(
        handle: Handle(handle), country: "XA", name: "Averland", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: [], serial: 1, issuedAt: now, expiresAt: now.adding(milliseconds: 1 << 40)), by: root)
  }

  private func credential(
    address: String = "nino@xa", by key: SigningKey<NodePurpose>? = nil, listed: DeviceIdentifier? = nil,
    serial: UInt64 = 1
  ) throws -> Credential {
    let card = Signed(
      try MemberCard(
        address: Address(address), name: "Nino", discipline: .cyber, role: "",
        devices: [MemberCard.Device(identifier: listed ?? device, signatureKey: signatureKey.publicKey)],
        serial: serial, issuedAt: now, expiresAt: now.adding(milliseconds: 1_000_000)), by: key ?? node)
    return DeviceCredential(card: card.unverified, device: device).asCredential
  }

  private func keyPackage(_ credential: Credential, key: SigningKey<DeviceSignaturePurpose>? = nil) throws -> KeyPackage
  {
    try KeyPackageBundle.generate(
      cipherSuite: RoomProfile.cipherSuite, credential: credential,
      signatureKey: SignaturePrivateKey(
        cipherSuite: RoomProfile.cipherSuite, rawRepresentation: (key ?? signatureKey).seed),
      capabilities: RoomProfile.capabilities, lifetime: RoomProfile.lifetime(from: now)
    ).keyPackage
  }

  private func rule(_ cards: Signed<NodeCard>..., at time: Timestamp? = nil) -> RoomAuthentication {
    RoomAuthentication(
      entering: Dictionary(uniqueKeysWithValues: cards.map { ($0.content.handle, $0) }), now: time ?? now)
  }

  @Test("a device that its member's card names, signed by its node")
  func good() throws {
    try rule(nodeCard()).validateOwner(of: keyPackage(credential()))
  }

  @Test("not one of an unknown node, nor one whose card another key signed")
  func badSigner() throws {
    let package = try keyPackage(credential())
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard("xb")).validateOwner(of: package) }
    let forged = try keyPackage(credential(by: SigningKey()))
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard()).validateOwner(of: forged) }
  }

  @Test("not one whose node signed for another node's member")
  func otherNodesMember() throws {
    let package = try keyPackage(credential(address: "nino@xb"))
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard("xa")).validateOwner(of: package) }
  }

  @Test("not one that the card does not name, nor one with another key")
  func otherDevice() throws {
    var random = SystemRandomNumberGenerator()
    let unlisted = try keyPackage(credential(listed: DeviceIdentifier(using: &random)))
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard()).validateOwner(of: unlisted) }
    let otherKey = try keyPackage(credential(), key: SigningKey())
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard()).validateOwner(of: otherKey) }
  }

  @Test("not one whose card has expired, unless it is followed without judging dates")
  func expired() throws {
    let package = try keyPackage(credential())
    let late = now.adding(milliseconds: 1_000_000)
    #expect(throws: MLSError.credentialRefused) { try rule(nodeCard(), at: late).validateOwner(of: package) }
    let card = try nodeCard()
    try RoomAuthentication(entering: [card.content.handle: card], now: nil).validateOwner(of: package)
  }

  @Test("a leaf stays the same member's device, and its card grows no older")
  func successor() throws {
    let rule = try rule(nodeCard())
    try rule.validateSuccessor(old: credential(serial: 1), new: credential(serial: 2))
    #expect(throws: MLSError.credentialRefused) {
      try rule.validateSuccessor(old: credential(serial: 2), new: credential(serial: 1))
    }
    #expect(throws: MLSError.credentialRefused) {
      try rule.validateSuccessor(old: credential(), new: credential(address: "luka@xa"))
    }
    #expect(throws: MLSError.credentialRefused) {
      try rule.validateSuccessor(old: credential(), new: .basic(identity: [1]))
    }
  }

  @Test("the extension and the credential are read whole or not at all")
  func encodings() throws {
    let room = RoomExtension(hub: try Handle("xa"))
    #expect(try RoomExtension(tlsEncoded: room.tlsEncoded) == room)
    for length in 0..<room.tlsEncoded.count {
      #expect(throws: TLSPresentationError.self) {
        try RoomExtension(tlsEncoded: Array(room.tlsEncoded.prefix(length)))
      }
    }
    #expect(throws: RoomError.notARoom) { try RoomExtension(of: []) }
    #expect(try RoomExtension(of: RoomProfile.extensions(hub: Handle("xb"))).hub == Handle("xb"))
    guard case .basic(let identity) = try credential() else { return }
    #expect(try DeviceCredential(.basic(identity: identity)).device == device)
    for length in stride(from: 0, to: identity.count, by: 7) {
      #expect(throws: RoomError.notADevice) {
        try DeviceCredential(Credential.basic(identity: Array(identity.prefix(length))))
      }
    }
    #expect(throws: RoomError.notADevice) { try DeviceCredential(Credential.x509([identity])) }
  }
}

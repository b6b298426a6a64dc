import LiaisonModel

/// Values that the suites share, of the fictional network of the demonstrations.
enum Samples {
  static let now = Timestamp(milliseconds: 1_800_000_000_000)
  static let root = SigningKey<RootPurpose>()
  static let node = SigningKey<NodePurpose>()

  static func nodeCard(handle: String = "xa", serial: UInt64 = 1) throws -> NodeCard {
    try NodeCard(
      handle: Handle(handle), country: "XA", name: "Averland", rootKey: root.publicKey, nodeKeys: [node.publicKey],
      endpoints: [Endpoint("127.0.0.1:7401"), Endpoint("[::1]:7402")], serial: serial, issuedAt: now,
      expiresAt: now.adding(milliseconds: 1000))
  }

  static func memberCard(address: String = "ana@xa") throws -> MemberCard {
    try MemberCard(
      address: Address(address), name: "Ana Arden", discipline: .cyber, role: "duty officer",
      devices: [
        MemberCard.Device(
          identifier: DeviceIdentifier(bytes: Array(0..<16)),
          signatureKey: SigningKey<DeviceSignaturePurpose>().publicKey)
      ], serial: 3, issuedAt: now, expiresAt: now.adding(milliseconds: 1000))
  }

  static let device = SigningKey<DeviceSignaturePurpose>()

  static func vouch(
    _ kind: Vouch.Kind, voucher: String = "ana@xa", subject: String = "boris@xb",
    keys: [DeviceSignatureKey] = [device.publicKey]
  ) throws -> Vouch {
    try Vouch(
      identifier: VouchIdentifier(bytes: Array(3...18)), voucher: Address(voucher),
      device: DeviceIdentifier(bytes: Array(0..<16)), subject: Address(subject), rootKey: root.publicKey,
      signatureKeys: keys, kind: kind, madeAt: now, expiresAt: now.adding(milliseconds: 1000))
  }

  static func content(_ body: MessageContent.Body) throws -> MessageContent {
    MessageContent(
      message: try MessageIdentifier(bytes: Array(1...16)), sequence: 7, sentAt: now, precedence: .flash,
      marking: .amberStrict, replyTo: try MessageIdentifier(bytes: Array(2...17)), body: body)
  }
}

import Sodium
import Testing

@Suite("Secret bytes")
struct SecretBytesTests {
  @Test("A secret holds what it was made of, and its source can be wiped")
  func copies() {
    var source: [UInt8] = [1, 2, 3]
    let copy = SecretBytes(copying: source)
    #expect(source == [1, 2, 3])
    let taken = SecretBytes(wiping: &source)
    #expect(source.isEmpty)
    #expect(taken.withUnsafeBytes { Array($0) } == [1, 2, 3])
    #expect(copy == taken)
  }

  @Test("Secrets of different content or length differ")
  func equality() {
    let secret = SecretBytes(copying: [1, 2, 3])
    #expect(secret != SecretBytes(copying: [1, 2, 4]))
    #expect(secret != SecretBytes(copying: [1, 2]))
    #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
  }

  @Test("Random secrets do not repeat")
  func random() {
    let secret = SecretBytes.random(count: 32)
    #expect(secret.count == 32)
    #expect(secret != .random(count: 32))
    #expect(SecretBytes.random(count: 0).count == 0)
  }

  @Test("No way of printing shows a secret")
  func redaction() {
    let secret = SecretBytes(copying: Array("swordfish".utf8))
    struct Holder { let secret: SecretBytes }
    var dumped = ""
    dump(Holder(secret: secret), to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), String(describing: Holder(secret: secret)), dumped] {
      #expect(text.contains("<redacted>"))
      #expect(!text.contains("swordfish"))
      #expect(!text.contains("115"))
    }
    #expect(Mirror(reflecting: secret).children.isEmpty)
    #expect(!((secret as Any) is any Encodable))
  }

  @Test("A secret whose filling fails is not made")
  func failure() {
    struct Refusal: Error {}
    #expect(throws: Refusal.self) {
      try SecretBytes(count: 4) { (_) throws(Refusal) in throw Refusal() }
    }
  }

  @Test("Wiping empties an array")
  func wiping() {
    var bytes: [UInt8] = [1, 2, 3]
    wipe(&bytes)
    #expect(bytes.isEmpty)
  }

  @Test("Constant-time comparison agrees with the ordinary one")
  func comparison() {
    #expect(constantTimeEquals([], []))
    #expect(constantTimeEquals([1, 2], [1, 2]))
    #expect(!constantTimeEquals([1, 2], [1, 3]))
    #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
  }

  @Test("Random bytes have the length asked for and do not repeat")
  func randomBytes() {
    #expect(secureRandom(count: 0).isEmpty)
    #expect(secureRandom(count: 16).count == 16)
    #expect(secureRandom(count: 16) != secureRandom(count: 16))
  }
}

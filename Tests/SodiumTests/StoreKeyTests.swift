import Sodium
import Testing

@Suite("Store key")
struct StoreKeyTests {
  private let plaintext = Array("the wind turns at dawn".utf8)
  private let context = Array("message/7".utf8)

  @Test("What was sealed opens in its place", arguments: [0, 1, 100, 100_000])
  func roundTrip(length: Int) throws {
    let key = StoreKey.random()
    let plaintext = secureRandom(count: length)
    let sealed = key.seal(plaintext, context: context)
    #expect(sealed.count == length + StoreKey.overheadLength)
    #expect(try key.open(sealed, context: context) == plaintext)
    #expect(key.seal(plaintext, context: context) != sealed)
  }

  @Test("A secret is sealed and opened like any plaintext")
  func secrets() throws {
    let key = StoreKey.random()
    let secret = SecretBytes.random(count: 32)
    let sealed = key.seal(secret, context: context)
    #expect(try key.openSecret(sealed, context: context) == secret)
    #expect(throws: SodiumError.authenticationFailed) { try key.openSecret(sealed, context: []) }
    #expect(throws: SodiumError.authenticationFailed) { try key.openSecret([], context: context) }
  }

  @Test("Another place, another key, every changed byte and every truncation is refused")
  func tampering() throws {
    let key = StoreKey.random()
    let sealed = key.seal(plaintext, context: context)
    #expect(throws: SodiumError.authenticationFailed) { try key.open(sealed, context: Array("message/8".utf8)) }
    #expect(throws: SodiumError.authenticationFailed) { try StoreKey.random().open(sealed, context: context) }
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(throws: SodiumError.authenticationFailed) { try key.open(changed, context: context) }
      #expect(throws: SodiumError.authenticationFailed) { try key.open(Array(sealed[..<index]), context: context) }
    }
    #expect(throws: SodiumError.authenticationFailed) { try key.open(sealed + [0], context: context) }
  }

  @Test("The same 32 bytes are the same key; another length is none")
  func length() throws {
    let secret = SecretBytes.random(count: 32)
    let sealed = try StoreKey(secret).seal(plaintext, context: context)
    #expect(try StoreKey(secret).open(sealed, context: context) == plaintext)
    #expect(throws: SodiumError.keyLength(expected: 32, actual: 31)) { try StoreKey(.random(count: 31)) }
  }

  @Test("Subkeys depend on the key, the number and the purpose")
  func subkeys() {
    let key = StoreKey.random()
    let subkey = key.subkey(id: 1, context: "mls-keys")
    #expect(subkey.count == 32)
    #expect(subkey == key.subkey(id: 1, context: "mls-keys"))
    #expect(subkey != key.subkey(id: 2, context: "mls-keys"))
    #expect(subkey != key.subkey(id: 1, context: "link-key"))
    #expect(subkey != StoreKey.random().subkey(id: 1, context: "mls-keys"))
  }

  @Test("A blind index repeats for its value and its key alone")
  func indexes() {
    let key = StoreKey.random()
    let index = key.index(Array("nino@ge".utf8))
    #expect(index.count == 16)
    #expect(index == key.index(Array("nino@ge".utf8)))
    #expect(index != key.index(Array("nino@gf".utf8)))
    #expect(index != StoreKey.random().index(Array("nino@ge".utf8)))
    #expect(key.index([], length: 32).count == 32)
  }
}

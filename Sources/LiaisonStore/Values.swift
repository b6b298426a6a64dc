internal import LiaisonModel
internal import LiaisonNode
internal import TLSPresentation

// The model's values as SQLite's. Numbers that pass 2^63 never reach the store: its callers bound them.

extension Timestamp {
  var integer: Int64 { Int64(clamping: milliseconds) }
}

extension UInt64 {
  var integer: Int64 { Int64(clamping: self) }
}

extension Row {
  func timestamp(_ column: Int) -> Timestamp { Timestamp(milliseconds: unsigned(column)) }

  func handle(_ column: Int) throws(StoreError) -> Handle {
    do { return try Handle(text(column)) } catch { throw .unreadable("a handle") }
  }

  func address(_ column: Int) throws(StoreError) -> Address {
    do { return try Address(text(column)) } catch { throw .unreadable("an address") }
  }

  func identifier<Tag>(_ column: Int) throws(StoreError) -> Identifier<Tag> {
    do { return try Identifier(bytes: bytes(column)) } catch { throw .unreadable("an identifier") }
  }

  func key<Purpose>(_ column: Int) throws(StoreError) -> PublicKey<Purpose> {
    do { return try PublicKey(bytes: bytes(column)) } catch { throw .unreadable("a key") }
  }
}

extension Array {
  /// `map` with this module's error.
  func stored<Value>(_ transform: (Element) throws(StoreError) -> Value) throws(StoreError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for element in self { values.append(try transform(element)) }
    return values
  }
}

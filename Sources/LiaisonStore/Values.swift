internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonNode
internal import TLSPresentation

// The model's values as SQLite's. Numbers that pass 2^63 never reach the store: its callers bound them.

extension Identifier {
  var data: Data { Data(bytes) }
}

extension PublicKey {
  var data: Data { Data(bytes) }
}

extension Timestamp {
  var integer: Int64 { Int64(clamping: milliseconds) }
}

extension UInt64 {
  var integer: Int64 { Int64(clamping: self) }
}

extension Row {
  func bytes(_ column: Int) -> [UInt8] { Array(self[column] as Data) }
  func optionalBytes(_ column: Int) -> [UInt8]? { (self[column] as Data?).map { Array($0) } }
  func unsigned(_ column: Int) -> UInt64 { UInt64(clamping: self[column] as Int64) }
  func timestamp(_ column: Int) -> Timestamp { Timestamp(milliseconds: unsigned(column)) }

  func handle(_ column: Int) throws(StoreError) -> Handle {
    do { return try Handle(self[column] as String) } catch { throw .unreadable("a handle") }
  }

  func address(_ column: Int) throws(StoreError) -> Address {
    do { return try Address(self[column] as String) } catch { throw .unreadable("an address") }
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

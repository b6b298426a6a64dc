/// Where one group's records lie. The caller makes one over its own transaction, so that a group's state and what follows
/// from it, a message to send or one that was read, are committed together or not at all.
///
/// Records hold secrets: a storage seals each of them, bound to its group and its key, and its removals are for good.
public protocol GroupStorage {
  /// The records whose keys are in the range, in the order of their keys.
  func records(in range: ClosedRange<RecordKey>) throws -> [StoredRecord]
  /// Puts a record in the place of the one that has the key, if there is one.
  mutating func write(_ value: [UInt8], for key: RecordKey) throws
  /// Removes all records whose keys are in the range, if there are any.
  mutating func remove(_ range: ClosedRange<RecordKey>) throws
}

/// A record as it was written.
public struct StoredRecord: Sendable, Equatable {
  public let key: RecordKey
  public let value: [UInt8]

  public init(key: RecordKey, value: [UInt8]) {
    self.key = key
    self.value = value
  }
}

extension GroupStorage {
  package func record(_ key: RecordKey) throws -> [UInt8]? { try records(in: key...key).first?.value }

  package mutating func remove(_ key: RecordKey) throws { try remove(key...key) }

  /// Writes a record that holds a secret, and wipes it.
  package mutating func write(wiping value: consuming [UInt8], for key: RecordKey) throws {
    defer { wipe(&value) }
    try write(value, for: key)
  }
}

/// A storage in memory, for tests and for groups that need not outlive the process. A copy is a snapshot, so that a
/// transaction is a copy that is kept or dropped.
public struct MemoryGroupStorage: GroupStorage, Sendable, Equatable {
  public private(set) var values: [RecordKey: [UInt8]] = [:]

  public init() {}

  public func records(in range: ClosedRange<RecordKey>) -> [StoredRecord] {
    if range.lowerBound == range.upperBound {
      return values[range.lowerBound].map { [StoredRecord(key: range.lowerBound, value: $0)] } ?? []
    }
    return values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
      .map { StoredRecord(key: $0.key, value: $0.value) }
  }

  public mutating func write(_ value: [UInt8], for key: RecordKey) {
    values[key] = value
  }

  public mutating func remove(_ range: ClosedRange<RecordKey>) {
    if range.lowerBound == range.upperBound {
      values[range.lowerBound] = nil
    } else {
      for key in values.keys.filter({ range.contains($0) }) { values[key] = nil }
    }
  }
}

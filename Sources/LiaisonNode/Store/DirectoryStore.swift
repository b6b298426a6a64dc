package import LiaisonModel

/// What a node knows of another country's directory log.
package struct KnownDirectory: Hashable, Sendable {
  package var handle: Handle
  /// The country's when the head came: whoever comes by the handle with another root key has another log.
  package var rootKey: RootKey
  /// The newest that was seen. It was verified when it came, and continues those before it. `nil` where none came yet.
  package var head: Unverified<DirectoryHead>?
  /// What is wrong with the log, in words, and since when.
  package var fault: String?
  package var faultAt: Timestamp?

  /// A log as it is stored.
  package init(
    handle: Handle, rootKey: RootKey, head: Unverified<DirectoryHead>?, fault: String? = nil, faultAt: Timestamp? = nil
  ) {
    self.handle = handle
    self.rootKey = rootKey
    self.head = head
    self.fault = fault
    self.faultAt = faultAt
  }
}

/// Evidence that a node keeps.
package struct StoredEvidence: Hashable, Sendable {
  package var handle: Handle
  package var foundAt: Timestamp
  package var evidence: DirectoryEvidence

  /// Evidence as it is stored.
  package init(handle: Handle, foundAt: Timestamp, evidence: DirectoryEvidence) {
    self.handle = handle
    self.foundAt = foundAt
    self.evidence = evidence
  }
}

/// The node's own directory log, and what it knows of others'.
package protocol DirectoryStore {
  /// When the log was begun; `nil` where it never was.
  func directoryBeganAt() throws(StoreError) -> Timestamp?
  /// Begins another log, without entries, later than the one before; that one's entries are gone.
  func beginDirectory(at time: Timestamp) throws(StoreError)
  /// The number of entries.
  func directorySize() throws(StoreError) -> Int
  /// Appends an encoded entry about a member.
  func appendDirectoryEntry(_ entry: [UInt8], _ record: DirectoryRecord, of address: Address) throws(StoreError)
  /// Encoded records in order, from an index on; 64 bytes each.
  func directoryRecords(from index: Int, limit: Int) throws(StoreError) -> [[UInt8]]
  /// Whose entry stands at an index, and its encoding.
  func directoryEntry(at index: Int) throws(StoreError) -> (address: Address, entry: [UInt8])?
  /// The index of the last entry about a member, and its record.
  func lastDirectoryEntry(of address: Address) throws(StoreError) -> (index: Int, record: [UInt8])?

  /// What is known of a country's log.
  func directory(of handle: Handle) throws(StoreError) -> KnownDirectory?
  /// What is known of all others'.
  func directories() throws(StoreError) -> [KnownDirectory]
  /// Inserts or replaces what is known of a country's log.
  func save(_ directory: KnownDirectory) throws(StoreError)

  /// Keeps evidence; the same again changes nothing.
  func insertDirectoryEvidence(_ evidence: StoredEvidence) throws(StoreError)
  /// Evidence against a country, or against all, the oldest first.
  func directoryEvidence(against handle: Handle?) throws(StoreError) -> [StoredEvidence]
}

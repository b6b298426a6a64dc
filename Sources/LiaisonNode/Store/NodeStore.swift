/// The node's durable memory. It is synchronous, and one thread uses it; it deals in values and knows no rule of the
/// protocol beyond what its constraints keep, so that another database can stand behind it.
package protocol NodeStore {
  /// What can be done within one transaction.
  associatedtype Transaction: NodeTransaction

  /// Runs `body` and makes all it wrote durable, flushed to disk, or, where it throws, none of it.
  func write<Result>(_ body: (Transaction) throws -> Result) throws -> Result

  /// Runs `body`, which only reads.
  func read<Result>(_ body: (Transaction) throws -> Result) throws -> Result

  /// Throws ``StoreError/corrupt`` where the stored pages or references do not hold together. Slow.
  func checkIntegrity() throws(StoreError)
}

/// A transaction on a ``NodeStore``: everything the node remembers, by concept.
package protocol NodeTransaction: MessageStore, DeliveryStore, InboxStore, RoomStore, MemberStore, KeyPackageStore,
  BundleStore, PeopleStore, TrustLogStore, DirectoryStore, DutyStore, ComCheckStore
{
  /// Runs `body`; where it throws, what it wrote is undone and the transaction goes on.
  func savepoint<Result>(_ body: () throws -> Result) throws -> Result

  /// Writes and changes nothing: where the disk is full, the transaction says so when it ends.
  func touch() throws(StoreError)

  /// The store in figures, for an administrator. May be slow.
  func counts() throws(StoreError) -> StoreCounts
}

/// How much a store holds.
package struct StoreCounts: Hashable, Sendable {
  package var members: Int
  package var devices: Int
  package var rooms: Int
  package var queued: Int
  package var inboxItems: Int
  package var held: Int

  /// Figures of one moment.
  package init(members: Int, devices: Int, rooms: Int, queued: Int, inboxItems: Int, held: Int) {
    self.members = members
    self.devices = devices
    self.rooms = rooms
    self.queued = queued
    self.inboxItems = inboxItems
    self.held = held
  }
}

/// The trust log's entries, in order.
package protocol TrustLogStore {
  /// Appends; the sequence is the number of entries before it.
  func appendTrustLogEntry(_ entry: TrustLogEntry) throws(StoreError)
  /// Replaces the signed head over all entries.
  func saveTrustLogHead(_ head: [UInt8]) throws(StoreError)
  /// The signed head, once there is one.
  func trustLogHead() throws(StoreError) -> [UInt8]?
  /// All entries, first to last.
  func trustLogEntries() throws(StoreError) -> [TrustLogEntry]
}

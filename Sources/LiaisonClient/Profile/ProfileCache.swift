internal import GRDB
internal import LiaisonModel
internal import MLS
internal import Synchronization

/// What the profile's database holds, decoded: a program that stays reads it once, and not for each message. It is dropped
/// where another program wrote to the database, and where a change was not committed.
///
/// Only a transaction uses it, and the database's queue runs one at a time.
final class ProfileCache: Sendable {
  /// Groups kept in memory: more than are used at once, as a rule.
  private static let groupsMax = 16

  struct Contents {
    var identity: Identity?
    /// Every room's record.
    var rooms: [RoomRecord]?
    /// Every node's record.
    var nodes: [NodeRecord]?
    /// The least recently used first.
    fileprivate var groups: [(room: RoomIdentifier, group: Group)] = []
    /// SQLite's `data_version`: it changes where another connection has committed.
    fileprivate var version: Int64?
  }

  private let contents = Mutex(Contents())

  subscript<Value>(_ path: any WritableKeyPath<Contents, Value> & Sendable) -> Value {
    get { contents.withLock { $0[keyPath: path] } }
    set { contents.withLock { $0[keyPath: path] = newValue } }
  }

  /// Begins a transaction: what another connection has changed since is not known any more.
  func begin(_ db: Database) throws {
    let version = try db.value(Int64.self, sql: "PRAGMA data_version")
    contents.withLock { contents in
      if contents.version != version { contents = Contents(version: version) }
    }
  }

  /// Forgets everything: what the present transaction changed did not happen.
  func drop() { contents.withLock { $0 = Contents() } }

  /// All of it, to be put back where what follows is undone.
  var snapshot: Contents {
    get { contents.withLock { $0 } }
    set { contents.withLock { $0 = newValue } }
  }

  subscript(group room: RoomIdentifier) -> Group? {
    get {
      contents.withLock { contents in
        guard let place = contents.groups.firstIndex(where: { $0.room == room }) else { return nil }
        let found = contents.groups.remove(at: place)
        contents.groups.append(found)
        return found.group
      }
    }
    set {
      contents.withLock { contents in
        contents.groups.removeAll { $0.room == room }
        if let newValue { contents.groups.append((room, newValue)) }
        if contents.groups.count > Self.groupsMax { contents.groups.removeFirst() }
      }
    }
  }
}

internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonNode

/// Rows of `kept_totals` that a transaction has read or changed.
struct KeptTotals {
  private var known: [KeptScope: KeptTotal] = [:]
  private var dirty: Set<KeptScope> = []

  subscript(_ scope: KeptScope) -> KeptTotal? { known[scope] }

  var changed: [(scope: KeptScope, total: KeptTotal)] {
    dirty.compactMap { scope in known[scope].map { (scope, $0) } }
  }

  mutating func note(_ total: KeptTotal, of scope: KeptScope) { known[scope] = total }

  mutating func set(_ total: KeptTotal, of scope: KeptScope) {
    known[scope] = total
    dirty.insert(scope)
  }
}

extension SQLiteNodeTransaction {
  func storedTotal(_ scope: KeptScope) throws(StoreError) -> KeptTotal {
    let row = try row(
      "SELECT messages, kept, kept_bytes FROM kept_totals WHERE scope = ? AND name = ?", scope.number, scope.name)
    return row.map { KeptTotal(messages: $0[0], envelopes: $0[1], bytes: $0[2]) } ?? KeptTotal()
  }

  func save(_ total: KeptTotal, of scope: KeptScope) throws(StoreError) {
    guard total.messages != 0 || total.envelopes != 0 else {
      try run("DELETE FROM kept_totals WHERE scope = ? AND name = ?", scope.number, scope.name)
      return
    }
    try run(
      """
      INSERT INTO kept_totals (scope, name, messages, kept, kept_bytes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET messages = excluded.messages, kept = excluded.kept, kept_bytes = excluded.kept_bytes
      """, scope.number, scope.name, total.messages, total.envelopes, total.bytes)
  }
}

extension KeptTotal {
  static func + (a: Self, b: Self) -> Self {
    Self(messages: a.messages + b.messages, envelopes: a.envelopes + b.envelopes, bytes: a.bytes + b.bytes)
  }
}

extension KeptScope {
  fileprivate var number: Int {
    switch self {
    case .peer: 0
    case .member: 1
    case .room: 2
    }
  }

  fileprivate var name: String {
    switch self {
    case .peer(let handle): handle.description
    case .member(let address): address.description
    case .room(let room): room.description
    }
  }
}

internal import LiaisonModel
internal import LiaisonNode

extension SQLiteNodeTransaction {
  /// What is kept of one, with all that this transaction did.
  func total(_ scope: KeptScope) throws(StoreError) -> KeptTotal {
    if let total = pending.kept[scope] { return total }
    let row = try row(
      "SELECT messages, kept, kept_bytes FROM kept_totals WHERE scope = ? AND name = ?", scope.number, scope.name)
    let total =
      row.map { KeptTotal(messages: $0.number(0), envelopes: $0.number(1), bytes: $0.number(2)) } ?? KeptTotal()
    pending.kept.note(total, of: scope)
    return total
  }

  func add(_ change: KeptTotal, to scopes: [KeptScope]) throws(StoreError) {
    for scope in scopes { pending.kept.set(try total(scope) + change, of: scope) }
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

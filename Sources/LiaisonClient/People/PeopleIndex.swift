internal import GRDB
internal import LiaisonModel

/// The search of a node's directory over what this device has seen: the same words are found in the same way. It is made
/// in memory for one search, so that nothing that people wrote lies on the disk in clear.
enum PeopleIndex {
  /// Those in whose text every word is found.
  static func matches<Value>(_ words: PeopleWords, in values: [Value], text: (Value) -> String) throws -> [Value] {
    if words.isEmpty { return values }
    guard let expression = words.expression else { return [] }
    do {
      return try DatabaseQueue().write { db in
        try db.execute(sql: "CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = '\(PeopleWords.tokenizer)')")
        for (place, value) in values.enumerated() {
          try db.run(sql: "INSERT INTO texts (rowid, text) VALUES (?, ?)", arguments: [place, text(value)])
        }
        return try Int.fetchAll(
          db, sql: "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid", arguments: [expression]
        )
        .map { values[$0] }
      }
    } catch { throw ProfileStore.error(error) }
  }
}

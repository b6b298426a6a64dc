package import LiaisonNode
package import LiaisonStore

/// A store whose disk can be full, or lie: the transaction runs, and then nothing of it remains.
package final class FaultyStore: NodeStore {
  /// What survives a crash of the node.
  package var disk: SQLiteNodeStore
  /// What the next transactions fail with.
  package var fault: StoreError?
  /// Says that transactions are on disk which are not, to see that somebody notices.
  package var forgets = false

  /// A store on a new disk in memory.
  package init() throws { disk = try SQLiteNodeStore.inMemory() }

  package func write<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    var forgotten: Result?
    do {
      return try disk.write { transaction in
        let result = try body(transaction)
        if let fault { throw fault }
        guard !forgets else {
          forgotten = result
          throw Forgotten()
        }
        return result
      }
    } catch is Forgotten {
      guard let forgotten else { throw StoreError.other("nothing was written") }
      return forgotten
    }
  }

  package func read<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    try disk.read(body)
  }

  package func checkIntegrity() throws(StoreError) { try disk.checkIntegrity() }
}

private struct Forgotten: Error {}

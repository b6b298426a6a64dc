package import LiaisonNode
package import LiaisonStore

/// A store whose disk can be full: the transaction runs, and then nothing of it remains.
package final class FaultyStore: NodeStore {
  /// What survives a crash of the node.
  package let disk: SQLiteNodeStore
  /// What the next transactions fail with.
  package var fault: StoreError?

  /// A store on a new disk in memory.
  package init() throws { disk = try SQLiteNodeStore.inMemory() }

  package func write<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    try disk.write { transaction in
      let result = try body(transaction)
      if let fault { throw fault }
      return result
    }
  }

  package func read<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    try disk.read(body)
  }

  package func checkIntegrity() throws(StoreError) { try disk.checkIntegrity() }
}

/// Where a node keeps everything: one folder, which only its user may enter.
package struct NodeHome: Hashable, Sendable {
  /// The folder, without a slash at the end.
  package let folder: String

  package init(_ folder: String) {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder
  }

  /// What the administrator may edit.
  package var configuration: String { folder + "/config.yaml" }
  /// The store key, under the passphrase.
  package var storeKey: String { folder + "/keys/store.key" }
  /// The country's root key, sealed under the store key; may be taken away to offline media.
  package var rootKey: String { folder + "/keys/root.key" }
  /// The node key, sealed under the store key.
  package var nodeKey: String { folder + "/keys/node.key" }
  /// The key that a rotation takes next, sealed under the store key.
  package var nextNodeKey: String { folder + "/keys/next.key" }
  /// The store.
  package var database: String { folder + "/node.sqlite" }
  /// What peers have shown of their trust logs.
  package var heads: String { folder + "/heads" }
  /// Charters, with the signatures that were gathered.
  package var charters: String { folder + "/charters" }
  /// The audit log's files.
  package var audit: String { folder + "/audit" }
  /// Chunks of documents.
  package var documents: String { folder + "/documents" }
  /// The first owner's key, as `liaisond init` made it; it may be moved elsewhere.
  package var administrator: AdministratorProfile { AdministratorProfile(folder + "/administrator") }
  /// The socket on which `liaisonctl` asks.
  package var socket: String { folder + "/liaisond.sock" }
  /// Held by the one `liaisond` that runs here.
  package var lock: String { folder + "/liaisond.lock" }
}

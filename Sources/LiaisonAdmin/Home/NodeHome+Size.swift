#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

extension NodeHome {
  /// Whether there is a store.
  package var hasStore: Bool { access(database, F_OK) == 0 }

  /// Whether the country's root key is here, and not offline.
  package var hasRootKey: Bool { access(rootKey, F_OK) == 0 }

  /// What the store takes on disk, bytes.
  package var storeBytes: UInt64 {
    [database, database + "-wal"].reduce(0) { sum, path in
      var status = stat()
      return stat(path, &status) == 0 ? sum + UInt64(clamping: status.st_size) : sum
    }
  }
}

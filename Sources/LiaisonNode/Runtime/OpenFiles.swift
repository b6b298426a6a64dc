#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// How many files, connections among them, this process may have open.
package enum OpenFiles {
  /// Raises the limit to what the system grants: left alone, it is often 1,024, which is fewer than a country's devices.
  package static func raiseLimit() {
    #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    // Where it is not granted, the old limit stays.
    _ = setrlimit(resource, &limit)
  }
}

internal import CSodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// What a process that holds secrets does first.
public enum ProcessHardening {
  /// Turns core dumps off for this process and its children. On Linux no other process of the same user may attach to
  /// it either or read its memory. Throws a ``FileError`` where the system refuses.
  public static func disableCoreDumps() throws(FileError) {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Glibc)
    let status = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    #else
    let status = setrlimit(RLIMIT_CORE, &limit)
    #endif
    guard status == 0 else { throw FileError(.limit, path: "core dumps", errorNumber: errno) }
    #if os(Linux)
    guard csodium_set_dumpable(0) == 0 else { throw FileError(.limit, path: "core dumps", errorNumber: errno) }
    #endif
  }

  /// Turns core dumps off, and makes every file that the process creates from now on its user's alone (umask 077).
  public static func lockDown() throws(FileError) {
    umask(0o077)
    try disableCoreDumps()
  }
}

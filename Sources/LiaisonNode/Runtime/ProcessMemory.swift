#if canImport(Glibc)
internal import Glibc
#endif

/// How this process deals with memory.
package enum ProcessMemory {
  /// Gives large blocks back to the system when they are freed. Left alone, glibc learns from the first chunk of a
  /// document to keep blocks of that size in each thread's heap, and the process stays as large as its busiest moment.
  /// To be called once, before threads are started.
  package static func returnLargeBlocks() {
    #if canImport(Glibc)
    // Swift's module of glibc leaves malloc.h out. Setting the threshold, even to its first value, ends its growing.
    typealias Mallopt = @convention(c) (_ parameter: CInt, _ value: CInt) -> CInt
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let mmapThreshold: CInt = -3
    _ = unsafeBitCast(symbol, to: Mallopt.self)(mmapThreshold, 128 << 10)
    #endif
  }
}

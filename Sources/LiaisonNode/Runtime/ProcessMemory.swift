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

  /// Lets go of the pages of the program and its libraries that are just as they are in their files. The system maps 64 KiB
  /// around whatever is touched, so that a start leaves most of them mapped: relocations, symbol tables, code that ran once.
  /// What is needed again comes back from the system's cache. To be called once, when the process is about to rest.
  package static func returnStart() {
    #if canImport(Glibc)
    guard let maps = fopen("/proc/self/smaps", "re") else { return }
    defer { fclose(maps) }
    var (line, capacity): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
    defer { free(line) }
    var mapping: Range<UInt>?
    while getline(&line, &capacity, maps) > 0, let line {
      let words = String(cString: line).split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      if !first.hasSuffix(":") {
        mapping = fileMapping(words)
      } else if let range = mapping, first == "Anonymous:", words.dropFirst().first == "0" {
        // A page that was written to is no longer the file's, and would be lost.
        madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
      }
    }
    #endif
  }

  #if canImport(Glibc)
  /// Addresses of a mapping that shows a file, is private and cannot be written to, by its first line in smaps, proc(5).
  private static func fileMapping(_ words: [Substring]) -> Range<UInt>? {
    let addresses = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    guard words.count >= 6, words[5].hasPrefix("/"), ["r-xp", "r--p"].contains(words[1]), addresses.count == 2,
      addresses[0] < addresses[1]
    else { return nil }
    return addresses[0]..<addresses[1]
  }
  #endif
}

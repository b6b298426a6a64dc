import Foundation
import Sodium
import TestKit
import Testing

@Suite("Atomic file")
struct AtomicFileTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  @Test("A file has what was written and exactly the mode asked for", arguments: [0o600, 0o644, 0o666] as [UInt32])
  func mode(mode: UInt32) throws {
    let path = folder.path("file")
    try AtomicFile.write([1, 2, 3], to: path, mode: mode)
    #expect(try AtomicFile.read(path, limit: 3) == [1, 2, 3])
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == Int(mode))
  }

  @Test("Writing replaces unless told not to, and leaves nothing beside the file")
  func replacing() throws {
    let path = folder.path("file")
    try AtomicFile.write([1], to: path)
    try AtomicFile.write([2], to: path)
    let error = #expect(throws: FileError.self) { try AtomicFile.write([3], to: path, replacing: false) }
    #expect(error?.exists == true)
    #expect(try AtomicFile.read(path, limit: 10) == [2])
    #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder.url.path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
  }

  @Test("Empty and large contents are whole", arguments: [0, 1, 5_000_000])
  func lengths(length: Int) throws {
    let content = secureRandom(count: length)
    try AtomicFile.write(content, to: folder.path("file"))
    #expect(try AtomicFile.read(folder.path("file"), limit: length) == content)
    if length > 0 { #expect(try AtomicFile.read(folder.path("file"), limit: length - 1) == nil) }
  }

  @Test("What cannot be written or read says why in the system's words")
  func failures() {
    let write = #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder.path("no/file")) }
    #expect(write?.operation == .create)
    #expect(write?.isMissing == true)
    #expect(write?.description == "cannot create \(folder.path("no/file")): No such file or directory")
    let read = #expect(throws: FileError.self) { try AtomicFile.read(folder.path("file"), limit: 1) }
    #expect(read?.operation == .open)
    #expect(read?.isMissing == true)
  }

  @Test("A name with a zero byte names nothing")
  func zeroByte() {
    #expect(throws: FileError.self) { try AtomicFile.write([1], to: folder.path("file") + "\0.txt") }
    #expect(throws: FileError.self) { try AtomicFile.read(folder.path("file") + "\0.txt", limit: 1) }
    #expect(!FileManager.default.fileExists(atPath: folder.path("file")))
  }

  @Test("A write that fails half-way leaves the old file and nothing else")
  func failedWrite() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryDirectory()
      try AtomicFile.write([1, 2, 3], to: folder.path("file"))
      // From here on the system refuses files of more than 10 bytes.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 10, rlim_max: 10)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let error = #expect(throws: FileError.self) {
        try AtomicFile.write([UInt8](repeating: 0, count: 100), to: folder.path("file"))
      }
      #expect(error?.operation == .write)
      #expect(error?.errorNumber == EFBIG)
      #expect(error?.isDiskFull == true)
      #expect(try AtomicFile.read(folder.path("file"), limit: 100) == [1, 2, 3])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
    }
  }

  @Test("What a killed process left half written is removed, and nothing else")
  func leftovers() async throws {
    let (path, folder) = (folder.path("file"), folder.url.path)
    // The name that a file has while it is written: seen while one is.
    let content = [UInt8](repeating: 7, count: 64 << 20)
    async let written: Void = AtomicFile.write(content, to: path)
    var name: String?
    while name == nil, !FileManager.default.fileExists(atPath: path) {
      name = try FileManager.default.contentsOfDirectory(atPath: folder).first { $0 != "file" }
    }
    try await written
    let half = try #require(name, "64 MiB were written before anybody looked")
    for name in [half] + others { try AtomicFile.write([1], to: "\(folder)/\(name)") }
    AtomicFile.removeLeftovers(in: folder)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == (others + ["file"]).sorted())
    AtomicFile.removeLeftovers(in: folder + "/nowhere")
  }

  /// Files that resemble one that is being written.
  private var others: [String] {
    [".0123456789abcde.new", ".0123456789abcdeF.new", ".0123456789abcdef.tmp", "0123456789abcdef.new"]
  }

  @Test("A full disk is told apart from other refusals")
  func fullDisk() {
    #expect(FileError(.write, path: "file", errorNumber: ENOSPC).isDiskFull)
    #expect(FileError(.write, path: "file", errorNumber: EDQUOT).isDiskFull)
    #expect(!FileError(.write, path: "file", errorNumber: EACCES).isDiskFull)
  }
}

@Suite("Process hardening")
struct ProcessHardeningTests {
  @Test("A process that locked itself down leaves no core and creates private files")
  func lockDown() async {
    await #expect(processExitsWith: .success) {
      try ProcessHardening.lockDown()
      var limit = rlimit()
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
      #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
      #expect(umask(0) == 0o077)
      #if os(Linux)
      // A process that is not dumpable has a /proc entry that belongs to root, with files nobody else may open.
      var status = stat()
      #expect(stat("/proc/self/mem", &status) == 0)
      #expect(status.st_uid == 0)
      #endif
    }
  }
}

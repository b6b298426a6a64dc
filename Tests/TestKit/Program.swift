public import Foundation

/// One of the built programs, run as people run it.
public struct Program: Sendable {
  /// What a run printed and how it ended.
  public struct Outcome: Sendable {
    public let status: Int32
    public let output: String
    public let errors: String
  }

  public let url: URL

  /// The program `name` of this build: it lies beside the test bundle.
  public init(_ name: String) {
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    url = bundle.appendingPathComponent(name)
  }

  /// The program of that file.
  public init(at url: URL) { self.url = url }

  /// Runs the program to its end; after `seconds` it is ended, and its status is that of SIGKILL. With `fileBytesMax` no
  /// file that it writes can grow beyond that, what it prints among them.
  public func run(
    _ arguments: [String], input: String = "", environment: [String: String] = [:], seconds: Double = 120,
    fileBytesMax: Int? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = fileBytesMax == nil ? url : Self.prlimit
    process.arguments = (fileBytesMax.map { ["--fsize=\($0):", url.path] } ?? []) + arguments
    process.environment = Self.environment.merging(environment) { $1 }
    // Files rather than pipes: no reader is needed, and what a program prints has no bound.
    let folder = try TemporaryDirectory()
    let (inputPath, outputPath, errorsPath) = (folder.path("in"), folder.path("out"), folder.path("err"))
    try input.write(toFile: inputPath, atomically: false, encoding: .utf8)
    for path in [outputPath, errorsPath] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputPath))
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorsPath))
    try process.run()
    let identifier = process.processIdentifier
    let limit = DispatchWorkItem { kill(identifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: limit)
    process.waitUntilExit()
    limit.cancel()
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: URL(fileURLWithPath: outputPath)), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errorsPath)), as: UTF8.self))
  }

  /// Sets limits on processes; of util-linux, which every Debian and Ubuntu has.
  static let prlimit = URL(fileURLWithPath: "/usr/bin/prlimit")

  /// The variables every run has: nothing of the tester's own profiles reaches a test.
  static let environment = [
    "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "NO_COLOR": "1", "LANG": "C.UTF-8",
  ]
}

/// A program that runs until it is told to end. It never outlives its last reference.
public final class Daemon: @unchecked Sendable {
  // Sendable: every access to the process holds the lock.
  private let lock = NSLock()
  private let process = Process()
  /// Where its standard error goes.
  public let log: URL

  /// Starts `program`; what it says is appended to `log`.
  public init(_ program: Program, _ arguments: [String], log: URL) throws {
    self.log = log
    if !FileManager.default.fileExists(atPath: log.path) {
      _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    }
    let handle = try FileHandle(forWritingTo: log)
    try handle.seekToEnd()
    process.executableURL = program.url
    process.arguments = arguments
    process.environment = Program.environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
  }

  public var identifier: Int32 { lock.withLock { process.processIdentifier } }
  public var isRunning: Bool { lock.withLock { process.isRunning } }

  /// Lets no file that this process writes grow beyond `bytes`, or, with nil, takes that back.
  public func limitFiles(to bytes: Int?) throws {
    let limit = bytes.map(String.init) ?? "unlimited"
    let process = try Process.run(Program.prlimit, arguments: ["--pid", "\(identifier)", "--fsize=\(limit):"])
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.featureUnsupported) }
  }

  /// Sends a signal that this process outlives, such as SIGSTOP and SIGCONT.
  public func signal(_ signal: Int32) {
    lock.withLock { if process.isRunning { _ = kill(process.processIdentifier, signal) } }
  }

  /// Sends a signal to this process, by its identifier, and waits for its end where the signal ends it.
  public func end(_ signal: Int32) {
    lock.withLock {
      guard process.isRunning else { return }
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
    }
  }

  deinit {
    if process.isRunning {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }
}

import CFuzzer
import Foundation
import FuzzKit

/// `fuzz list`, `fuzz seeds TARGET FOLDER`, and `fuzz TARGET [libFuzzer's arguments]`.
@main
enum Fuzz {
  nonisolated(unsafe) private static var target: FuzzTarget?

  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1 else { fail("what is to be fuzzed?") }
    switch arguments[1] {
    case "list": for target in FuzzTarget.all { print(target.name) }
    case "seeds":
      guard arguments.count == 4, let target = FuzzTarget.named(arguments[2]) else { fail("fuzz seeds TARGET FOLDER") }
      for (index, seed) in try target.seeds().enumerated() {
        try Data(seed).write(to: URL(fileURLWithPath: arguments[3]).appendingPathComponent("seed-\(index)"))
      }
    default:
      guard let target = FuzzTarget.named(arguments[1]) else { fail("there is no target \(arguments[1])") }
      Self.target = target
      run([arguments[0]] + arguments.dropFirst(2))
    }
  }

  private static func run(_ arguments: [String]) {
    var pointers = arguments.map { strdup($0) }
    pointers.append(nil)
    var count = CInt(arguments.count)
    let status = pointers.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return LLVMFuzzerRunDriver(&count, &start) { data, size in
        Fuzz.target?.run(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
      }
    }
    exit(status)
  }

  private static func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(2)
  }
}

package import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Where a passphrase comes from: a file, `LIAISON_PASSPHRASE_FILE`, or a person at the terminal.
package enum Passphrase {
  /// Longest accepted, bytes.
  package static let bytesMax = 1024

  /// The passphrase from `file`, else, with `environment`, from the file that `LIAISON_PASSPHRASE_FILE` names, else from
  /// the terminal, where `prompt` asks for it and nothing is echoed. With `confirming` the terminal asks twice.
  package static func obtain(
    file: String?, prompt: String, confirming: Bool = false, environment: Bool = true
  ) throws(CommandError) -> SecretBytes {
    let file = file ?? (environment ? Terminal.environment("LIAISON_PASSPHRASE_FILE") : nil)
    if let file, !file.isEmpty { return try read(file) }
    let first = try ask(prompt)
    if confirming {
      guard try ask("The same again: ") == first else {
        throw CommandError(.usage, "the two passphrases differ; nothing was made")
      }
    }
    return first
  }

  /// The first line of a file or a pipe.
  private static func read(_ path: String) throws(CommandError) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandError(FileError(.open, path: path, errorNumber: errno)) }
    defer { close(descriptor) }
    return try line(from: descriptor, name: escaped(path))
  }

  private static func ask(_ prompt: String) throws(CommandError) -> SecretBytes {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      throw CommandError(
        .usage, "there is no terminal to ask for the passphrase; use --passphrase-file or LIAISON_PASSPHRASE_FILE")
    }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else {
      throw CommandError(FileError(.inspect, path: "/dev/tty", errorNumber: errno))
    }
    // Keys come one by one, interrupt too: so the echo is always switched on again.
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else {
      throw CommandError(FileError(.inspect, path: "/dev/tty", errorNumber: errno))
    }
    show(prompt, on: terminal)
    defer {
      show("\n", on: terminal)
      _ = tcsetattr(terminal, TCSAFLUSH, &before)
    }
    return try line(from: terminal, name: "the terminal", keys: true)
  }

  /// Bytes up to a line feed. With `keys` they are keys pressed: erase, erase all, interrupt and end have their meaning.
  private static func line(from descriptor: Int32, name: String, keys: Bool = false) throws(CommandError) -> SecretBytes
  {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(bytesMax + 1)
    defer { wipe(&bytes) }
    var byte: UInt8 = 0
    reading: while true {
      let count = systemRead(descriptor, &byte)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw CommandError(FileError(.read, path: name, errorNumber: errno)) }
      if count == 0 { break }
      switch byte {
      case 0x0A: break reading
      case 0x0D where keys: break reading
      case 0x03 where keys, 0x1A where keys, 0x1C where keys: throw CommandError(.usage, "interrupted")
      case 0x04 where keys: break reading
      case 0x08 where keys, 0x7F where keys:
        // One character, of however many bytes of UTF-8.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      case 0x15 where keys: bytes.removeAll(keepingCapacity: true)
      default:
        guard bytes.count < bytesMax else {
          throw CommandError(.usage, "the passphrase from \(name) is longer than \(bytesMax) bytes")
        }
        bytes.append(byte)
      }
    }
    if !keys && bytes.last == 0x0D { bytes.removeLast() }
    guard !bytes.isEmpty else { throw CommandError(.usage, "the passphrase from \(name) is empty") }
    return SecretBytes(copying: bytes)
  }

  private static func show(_ text: String, on descriptor: Int32) {
    var text = text
    text.withUTF8 { _ = systemWrite(descriptor, $0.baseAddress, $0.count) }
  }
}

private func systemRead(_ descriptor: Int32, _ byte: UnsafeMutablePointer<UInt8>) -> Int { read(descriptor, byte, 1) }

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafePointer<UInt8>?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}

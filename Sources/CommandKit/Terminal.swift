internal import FoundationEssentials

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The three standard streams, unbuffered, and the terminal behind them.
package enum Terminal {
  /// Writes to standard output. A reader that has gone away ends the program, as it does for every filter.
  package static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes to standard error.
  package static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Whether standard output is a terminal on which colours are wanted (`NO_COLOR`).
  package static var showsColour: Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    return (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
  }

  /// Whether a person can answer on standard input.
  package static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

  /// A variable of the environment.
  package static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Every variable of the environment.
  package static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// Shows `question` on standard error and reads one line from standard input; nil at its end.
  package static func ask(_ question: String) -> String? {
    writeError(question)
    return readLine(strippingNewline: true)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let count = systemWrite(descriptor, part.baseAddress, part.count)
        if count < 0 && errno == EINTR { continue }
        if count < 0 && errno == EAGAIN {
          var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = systemPoll(&poll, 1, -1)
          continue
        }
        guard count >= 0 else {
          // Nobody is left to be told on standard error; standard output must not be cut short in silence.
          if descriptor == STDOUT_FILENO {
            let reason = errno
            if reason != EPIPE { writeError("cannot write: \(String(cString: strerror(reason)))\n") }
            exit(ExitStatus.inputOutput.rawValue)
          }
          return
        }
        rest = rest.dropFirst(count)
      }
    }
  }
}

// Inside Terminal these names are its own.
private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}

private func systemPoll(_ descriptors: UnsafeMutablePointer<pollfd>, _ count: nfds_t, _ milliseconds: Int32) -> Int32 {
  poll(descriptors, count, milliseconds)
}

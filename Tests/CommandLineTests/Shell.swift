import Foundation
import TestKit

/// A fresh folder with the built programs in the path, in which a transcript's commands run.
final class Shell {
  struct Result {
    var output: String
    var errors: String
    var status: Int32
  }

  let folder: URL
  var ports: [String: String] { reserved.mapValues { String($0.number) } }
  private let reserved: [String: ReservedPort]

  init() throws {
    // Short, because a socket's path may have no more than 107 bytes.
    folder = URL(fileURLWithPath: "/tmp/lt-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    reserved = try Dictionary(uniqueKeysWithValues: ["PORT_A", "PORT_B", "PORT_C"].map { ($0, try ReservedPort()) })
  }

  /// Ends what was started, by the numbers that it left, and takes the folder away.
  deinit {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasSuffix(".pid") {
      let text = (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
      if let number = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), number > 1 { kill(number, SIGKILL) }
    }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Runs one command line with `/bin/sh`. What it leaves running in the background is not waited for, which Foundation's
  /// `Process` would do.
  func run(_ command: String) throws -> Result {
    let (output, errors) = (folder.path + "/.stdout", folder.path + "/.stderr")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    // Sockets of other tests would otherwise stay open, and listening, in what runs on in the background.
    for descriptor in 3..<Int32(clamping: min(4096, sysconf(Int32(_SC_OPEN_MAX)))) {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    let script = "cd '\(folder.path)' || exit 99\n" + Self.prelude + command
    let environment = ports.merging([
      "PATH": Self.programs.path + ":/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": folder.path,
      "FIXTURES": Transcript.folder("Fixtures").path,
    ]) { $1 }
    var arguments = Self.strings(["sh", "-c", script])
    var variables = Self.strings(environment.map { "\($0)=\($1)" })
    defer { for text in arguments + variables { free(text) } }
    var process = pid_t()
    guard posix_spawn(&process, "/bin/sh", &actions, nil, &arguments, &variables) == 0 else {
      throw CocoaError(.executableLoad)
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return Result(
      output: String(decoding: try Data(contentsOf: URL(fileURLWithPath: output)), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self),
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F))
  }

  /// The strings of C, to be freed, and the nil that ends them.
  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { strdup($0) } + [nil]
  }

  /// Where the built programs are: beside the tests.
  static var programs: URL {
    URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// `start HOME` runs a node and waits until it listens; `stop HOME` has it stop and gives its exit status; the others
  /// say below what they do.
  private static let prelude = """
    start() {
      home=$1; shift
      rm -f "$home.status" "$home.log"
      sh -c 'liaisond run --home "$@" >"$1.out" 2>"$1.log" </dev/null & echo $! >"$1.pid"; wait $!; echo $? >"$1.status"' \
        sh "$home" "$@" >/dev/null 2>&1 </dev/null &
      i=0
      while [ $i -lt 1200 ]; do
        if grep -q ' listening' "$home.log" 2>/dev/null; then return 0; fi
        if [ -e "$home.status" ]; then cat "$home.log" >&2; return "$(cat "$home.status")"; fi
        i=$((i + 1)); sleep 0.1
      done
      echo "$home is not ready" >&2; return 1
    }
    stop() {
      kill "$(cat "$1.pid")"
      i=0
      while [ $i -lt 1200 ]; do
        if [ -e "$1.status" ]; then rm "$1.pid"; return "$(cat "$1.status")"; fi
        i=$((i + 1)); sleep 0.1
      done
      echo "$1 does not stop" >&2; return 1
    }
    # introduce HOME PEER: takes PEER.card, compares it and activates the peer.
    introduce() {
      liaisonctl --home "$1" peer add "$2.card" 2>/dev/null &&
        liaisonctl --home "$1" peer verify "$2" 2>/dev/null --fingerprint \
          "$(liaisonctl --home "$2" card show --json | grep -o '"fingerprint":"[^"]*"' | cut -d'"' -f4)" &&
        liaisonctl --home "$1" peer activate "$2" 2>/dev/null
    }
    # enrol HOME NAME: a professional NAME of that node, with a profile in the folder NAME.
    enrol() {
      liaison --home "$2" join --no-passphrase >/dev/null 2>&1 \
        "$(liaisonctl --home "$1" member invite "$2@$1" --name "$2" --discipline cyber 2>/dev/null)"
    }
    # Tries a command until it succeeds, at most three minutes.
    eventually() {
      i=0
      while [ $i -lt 900 ]; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        i=$((i + 1)); sleep 0.2
      done
      "$@"
    }
    # Waits for the standing link of a node to a peer: that one can be dialled does not say that it stands.
    linked() { eventually sh -c "liaisonctl --home $1 peer show $2 | grep -q '^link  *up'"; }

    """
}

internal import CommandKit
package import LiaisonModel
package import Logging

/// What an administrator may set: in `config.yaml`, in the environment, and on the command line, which wins.
package struct NodeConfiguration: Equatable, Sendable {
  /// Where the node listens for peers and devices.
  package var listen: Endpoint
  /// Where others should reach it, which its card says: the next card takes them from here.
  package var advertised: [Endpoint]
  /// From which level on something is logged.
  package var logLevel: Logger.Level
  /// How long a node that is told to stop finishes what it has begun, seconds.
  package var stopSeconds: Int

  /// The bounds of ``stopSeconds``.
  package static let stopSecondsBounds = 1...120

  /// A commented file for a new home.
  package static func template(listen: Endpoint, advertised: [Endpoint]) -> String {
    let addresses = advertised.map { "  - \"\($0)\"\n" }.joined()
    return """
      # The configuration of a Liaison node. `liaisond check` says whether it is valid; a change takes effect at the next
      # start. Each key can also be set in the environment: LIAISON_LISTEN, LIAISON_ADVERTISE (separated by commas),
      # LIAISON_LOG_LEVEL, LIAISON_STOP_SECONDS; `liaisond run --help` says what the command line can set.

      # Where the node listens for other countries' nodes and for its own members' devices, HOST:PORT.
      # 0.0.0.0 and [::] are all addresses of this machine.
      listen: "\(listen)"

      # Where others reach the node, at most 8 of HOST:PORT. This is written on the node's card: after a change, issue
      # the next card with `liaisonctl card renew`.
      advertise:
      \(addresses)
      log:
        # From which level on something is logged on standard error: trace, debug, info, notice, warning, error or
        # critical. Members' data and secrets are not logged at any level.
        level: info

      stop:
        # How long a node that is told to stop finishes what it has begun, 1 to 120 seconds.
        seconds: 10

      """
  }
}

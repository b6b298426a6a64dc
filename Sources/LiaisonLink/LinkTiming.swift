internal import LiaisonModel

/// How long a link waits for what, in milliseconds. Only tests use others than the defaults.
package struct LinkTiming: Sendable {
  /// From the connection to the other side's Hello.
  package var handshakeMilliseconds = Limits.handshakeMillisecondsMax
  /// Silence before a Ping.
  package var keepAliveMilliseconds = Limits.keepAliveMilliseconds
  /// Silence before the link is given up.
  package var silenceMilliseconds = Limits.linkSilenceMillisecondsMax
  /// From the last word to the end of the connection: lets that word arrive.
  package var lingerMilliseconds: UInt64 = 1000
  /// How long an enrolment's link stands at all.
  package var enrolMilliseconds = Limits.handshakeMillisecondsMax

  package init() {}
}

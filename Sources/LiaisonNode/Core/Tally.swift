package import LiaisonModel

/// What a batch of inputs did, in numbers: for those who watch the node, not for the protocol.
package struct Tally: Sendable, Equatable {
  /// What is counted, by the names that metrics have.
  package enum Counter: String, CaseIterable, Sendable {
    /// Messages of this node's members that were taken.
    case accepted = "liaison_messages_accepted"
    /// Bytes of the same.
    case acceptedBytes = "liaison_messages_accepted_bytes"
    /// Messages of this node's members that were not taken.
    case submissionsRefused = "liaison_submissions_refused"
    /// Envelopes sent to a peer, each time.
    case sent = "liaison_envelopes_sent"
    /// Envelopes that a peer sent and that were taken for the first time.
    case taken = "liaison_envelopes_taken"
    /// Envelopes that a peer sent again.
    case repeated = "liaison_envelopes_repeated"
    /// Envelopes of a peer that wait for their room or its epoch.
    case held = "liaison_envelopes_held"
    /// Envelopes of a peer that were refused.
    case refused = "liaison_envelopes_refused"
    /// Receipts of a peer that were kept.
    case receipts = "liaison_receipts_taken"
    /// Envelopes that a peer refused, or that were given up.
    case undeliverable = "liaison_envelopes_undeliverable"
    /// Times that a peer said nothing of what was sent, so that it was sent again.
    case resends = "liaison_resends"
    /// Inbox items pushed to devices in their turn, and ahead of it.
    case pushed = "liaison_inbox_items_pushed"
    case pushedAhead = "liaison_inbox_items_pushed_ahead"
    /// FLASH messages of a country that were carried with IMMEDIATE.
    case flashLimited = "liaison_flash_limited"
    /// Links that broke the protocol.
    case violations = "liaison_violations"
    /// What was carried for a peer to another one, in parts.
    case carried = "liaison_parts_carried"
    /// Commits that this node, as hub, made the next of their rooms.
    case commits = "liaison_commits_ordered"
    /// Epochs of rooms that this node ordered in the place of another hub, or once more in its own.
    case takeovers = "liaison_takeovers"
  }

  /// What is measured from time to time.
  package enum Gauge: String, CaseIterable, Sendable {
    case queued = "liaison_queued"
    case inboxItems = "liaison_inbox_items"
    case held = "liaison_held"
    case rooms = "liaison_rooms"
    case members = "liaison_members"
    case devices = "liaison_devices"
    case peersLinked = "liaison_peers_linked"
    case devicesLinked = "liaison_devices_linked"
  }

  /// A counter, and the peer that it counts, where it counts by peers.
  package struct Key: Hashable, Sendable {
    package let counter: Counter
    package let peer: Handle?
  }

  package private(set) var counts: [Key: Int] = [:]
  /// Milliseconds from acceptance, by the sender's clock, to the receipt, by peer.
  package private(set) var deliveryMilliseconds: [Handle: [UInt64]] = [:]
  package var gauges: [Gauge: Int] = [:]

  var isEmpty: Bool { counts.isEmpty && gauges.isEmpty }

  mutating func count(_ counter: Counter, _ number: Int = 1, of peer: Handle? = nil) {
    counts[Key(counter: counter, peer: peer), default: 0] += number
  }

  mutating func delivered(to peer: Handle, acceptedAt: Timestamp, at now: Timestamp) {
    count(.receipts, of: peer)
    deliveryMilliseconds[peer, default: []].append(
      now.milliseconds - min(now.milliseconds, acceptedAt.milliseconds))
  }
}

import MLS
import MLSTestKit

extension FuzzTarget {
  /// State that was stored and came back altered. It is refused, or used without a trap.
  static let storedState = FuzzTarget(name: "stored-state") { input in
    guard let live = try? LiveGroup.shared else { preconditionFailure("the group cannot be made") }
    var choices = Choices(input)
    let message = choices.pick(live.messages)
    switch choices.next() % 3 {
    case 0:
      guard var storage = try? live.room["ben"].stored else { preconditionFailure("the group cannot be stored") }
      let key = choices.pick(storage.values.keys.sorted())
      if choices.next() == 0 {
        storage.remove(key...key)
      } else {
        storage.write(choices.altered(storage.values[key] ?? []), for: key)
      }
      guard var group = try? Group.load(from: storage) else { return }
      let processed = try? group.process(message, authentication: AcceptAll(), now: now)
      if case .commit(let staged)? = processed { try? group.merge(staged) }
      _ = try? group.encrypt([1])
      _ = try? group.commit(authentication: AcceptAll(), now: now)
      try? group.mergePendingCommit(now: now)
      try? group.save(to: &storage)
    case 1:
      guard var group = try? PublicGroup(serialized: choices.altered(live.follower.serialized)) else { return }
      _ = try? group.receive(proposal: message, authentication: AcceptAll(), now: now)
      if let staged = try? group.stage(message, authentication: AcceptAll(), now: now) { try? group.merge(staged) }
    default:
      guard let bundle = try? KeyPackageBundle(serialized: choices.altered(live.joiner.serialized)) else { return }
      _ = try? live.joining.join(.welcome(live.welcome), bundle, tree: live.tree)
    }
  } seeds: {
    try LiveGroup.shared.messages.indices.flatMap { message in
      [[0, UInt8(message), 1], [0, UInt8(message), 0], [1], [2]].map { [UInt8(message)] + $0 }
    }
  }
}

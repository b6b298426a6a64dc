package import LiaisonModel
package import LiaisonProtocol

/// Something about directories that a professional must know.
package enum DirectoryAlarm: Sendable, Equatable {
  /// A machine is on this member's card that none of their machines brought in.
  case unknownDevice(DeviceIdentifier, since: Timestamp)
  /// A machine that this member removed, or that had been taken off their card, is on it; since when.
  case removedDevice(DeviceIdentifier, since: Timestamp)
  /// What the own node shows of its directory does not hold together.
  case ownNode(String)
  /// A country is proven to have shown two directories.
  case twoDirectories(Handle, [DirectoryEvidence])
  /// Something is wrong with a country's directory, since a time.
  case fault(Handle, String, Timestamp)
  /// Something happened to a country's directory that may be in order.
  case notice(Handle, String, Timestamp)

  /// A stable name, for programs.
  package var kind: String {
    switch self {
    case .unknownDevice: "unknown-device"
    case .removedDevice: "removed-device"
    case .ownNode: "own-node"
    case .twoDirectories: "two-directories"
    case .fault: "fault"
    case .notice: "notice"
    }
  }
}

/// What is known of a country's directory.
package struct DirectoryState: Sendable {
  package let handle: Handle
  package let head: DirectoryHead?
  package let evidence: [DirectoryEvidence]
}

extension Engine {
  /// What a professional must know now of directories: of their own entry, and of the countries that they know people of.
  package func directoryAlarms(now: Timestamp) throws -> [DirectoryAlarm] {
    try read { step in
      let own = try step.ownDirectory()
      var alarms = own.unknown.filter(\.isConfirmed).map {
        DirectoryAlarm.unknownDevice($0.device.identifier, since: $0.since)
      }
      alarms += try step.removedAndListed(now: now).map {
        .removedDevice($0.identifier, since: $0.listedSince ?? $0.removedAt)
      }
      alarms += own.faults.map(DirectoryAlarm.ownNode)
      let concerned = try step.concernedCountries()
      for country in try step.tx.knownCountries() where concerned.contains(country) {
        guard let view = try step.tx.directory(of: country) else { continue }
        if !view.evidence.isEmpty { alarms.append(.twoDirectories(country, view.evidence)) }
        if let fault = view.fault, now <= fault.at.adding(milliseconds: Limits.directoryFaultShownMilliseconds) {
          alarms.append(
            fault.isHarmless ? .notice(country, fault.text, fault.at) : .fault(country, fault.text, fault.at))
        }
      }
      return alarms
    }
  }

  /// What is known of every country's directory.
  package var directoryStates: [DirectoryState] {
    get throws {
      try read { step in
        try step.tx.knownCountries().compactMap { country in
          try step.tx.directory(of: country).map {
            DirectoryState(handle: country, head: try $0.head?.claim(), evidence: $0.evidence)
          }
        }
      }
    }
  }

  /// The card of a country's node as this device knows it.
  package func nodeCard(of handle: Handle) throws -> Signed<NodeCard>? {
    try store.read { try $0.node(handle)?.verified }
  }

  /// Takes an unknown machine for one of this member's. Throws ``ClientError`` where there is none of those digits.
  package func acceptDevice(_ digits: String, now: Timestamp) throws -> DeviceIdentifier {
    try change(now: now) { step in
      var own = try step.ownDirectory()
      let removed = try step.removedAndListed(now: Timestamp(milliseconds: .max)).map(\.identifier)
      let found = try (own.unknown.map(\.device) + step.ownCard.devices.filter { removed.contains($0.identifier) })
        .filter { $0.identifier.description.hasPrefix(digits) }
      guard let device = found.first, found.count == 1 else {
        throw ClientError(
          .noInput, "device-unknown", "\(digits) names no machine that is to be accepted, or more than one")
      }
      own.accept([device])
      try step.save(own)
      try step.noteAccepted()
      return device.identifier
    }
  }

  /// What has to be asked of a country before an answer of its directory is relied on. Throws ``ClientError`` where the
  /// answer is not proven.
  package func question(
    about answer: Frame.DirectoryAnswer, now: Timestamp
  ) throws -> Frame.DirectoryContinuationRequest? {
    var failure: ClientError?
    let question = try change(now: now) { step -> Frame.DirectoryContinuationRequest? in
      // Evidence that came with it is kept.
      do { return try step.check(answer).question } catch let error as ClientError {
        failure = error
        return nil
      }
    }
    if let failure { throw failure }
    return question
  }

  /// Takes the answer to ``question(about:now:)``. Throws ``ClientError`` where the directory does not continue what was
  /// seen of it.
  package func take(
    _ answer: Frame.Body, to question: Frame.DirectoryContinuationRequest, now: Timestamp
  ) throws {
    if let why = try change(now: now, { try $0.settle(question, answer) }) { throw EngineStep.unproven(why) }
  }

  /// Keeps the cards of an answer, where it is proven. Throws ``ClientError`` where it is not.
  package func take(_ answer: Frame.DirectoryAnswer, now: Timestamp) throws {
    try change(now: now) { step in
      for card in try step.check(answer).cards {
        try step.tx.take(card.unverified, now: now)
        try step.noteInDirectory(card)
        try step.tx.noteListing(of: card.content.address, card.unverified, now: now)
        if card.content.address == step.identity.address { try step.lookAtOwnCard(card.content, isProven: true) }
      }
      try step.tx.take(answer.people, now: now)
    }
  }

  /// Keeps what verifies of people who were found by what is known of them. It says nothing of directories: before anything
  /// is sent to somebody who was found so, they are asked for by their address.
  package func takeFound(_ answer: Frame.DirectoryAnswer, now: Timestamp) throws {
    try store.change { tx in
      for card in answer.cards { try tx.take(card, now: now) }
      try tx.take(answer.people, now: now)
    }
  }

  /// Notes that the person's directory, asked for this address, has nobody: their card counts for nothing here until it has.
  package func noteUnlisted(_ address: Address, now: Timestamp) throws {
    try store.change { try $0.noteListing(of: address, nil, now: now) }
  }

  /// Whether the card of this person that counts here was found in their country's directory.
  package func isProven(_ address: Address) throws -> Bool {
    try store.read { tx in
      guard let card = try tx.contact(address)?.card else { return false }
      return try tx.cardCheck(address).proven == CardCheck.digest(card)
    }
  }
}

extension EngineStep {
  /// The latest card of this member that this device knows.
  var ownCard: MemberCard { get throws { try tx.seenCard(identity.address) ?? identity.memberCard.claim() } }

  /// Devices that were removed and are on this member's card all the same: again, or still, after the node had its time.
  func removedAndListed(now: Timestamp) throws -> [OwnDirectory.RemovedDevice] {
    let devices = try ownCard.devices.map(\.identifier)
    return try ownDirectory().removed.filter { removed in
      removed.listedSince != nil
        || devices.contains(removed.identifier)
          && removed.removedAt.adding(milliseconds: OwnDirectory.removalMilliseconds) <= now
    }
  }

  /// Countries with which this member has to do: their own, and those of people whom they know or share rooms with.
  func concernedCountries() throws -> Set<Handle> {
    var countries: Set<Handle> = [identity.address.handle]
    for contact in try tx.contacts() {
      if let address = try? contact.card.claim().address { countries.insert(address.handle) }
    }
    return countries
  }
}

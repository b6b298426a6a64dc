internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

/// A charter, for people and for programs.
struct CharterLine: Encodable {
  struct Country: Encodable {
    var handle: String
    var country: String
    var name: String
    var region: String
    var fingerprint: String
    var signed: Bool
    /// The peer's state, `this node`, or nothing where it is not known.
    var peer: String?
  }

  var digest: String
  var fingerprint: String
  var network: String
  var previous: String?
  var serial: UInt64
  var name: String
  var community: String
  var threshold: UInt8
  var issuedAt: String
  var state: String
  var reasons: [String]
  var changes: [String]
  var countries: [Country]
  /// Countries that are not named any more and have signed.
  var departing: [String]
  var from: String?
  var seenAt: String?
  var adoptedAt: String?
  var rivals: [String]
  var forks: [String]

  /// As it was carried, which is not printed as such.
  let file: CharterFile
  /// What it says.
  let content: Charter

  private enum CodingKeys: CodingKey {
    case digest, fingerprint, network, previous, serial, name, community, threshold, issuedAt, state, reasons, changes,
      countries
    case departing, from, seenAt, adoptedAt, rivals, forks
  }

  init(_ frame: AdminCharter) throws {
    guard let file = try? CharterFile(tlsEncoded: Array(frame.file)), let content = try? file.charter.claim() else {
      throw CommandError.wrongAnswer
    }
    self.file = file
    self.content = content
    let digest = content.digest
    self.digest = "\(digest)"
    fingerprint = "\(digest.fingerprint)"
    network = "\(content.origin?.network ?? digest)"
    previous = content.origin.map { "\($0.previous)" }
    serial = content.serial
    name = content.name
    community = content.community
    threshold = content.threshold
    issuedAt = content.issuedAt.rfc3339
    state = frame.state
    reasons = frame.reasons
    changes = frame.changes
    let known = Dictionary(frame.countries.map { ($0.handle, $0) }, uniquingKeysWith: { $1 })
    countries = content.members.map { member in
      let frame = known[member.handle.description]
      return Country(
        handle: member.handle.description, country: member.country, name: member.name, region: member.region,
        fingerprint: "\(Fingerprint(of: member.rootKey))", signed: frame?.signed ?? false,
        peer: frame.flatMap { $0.peer.isEmpty ? nil : $0.peer })
    }
    departing = frame.departing
    from = frame.from.isEmpty ? nil : frame.from
    seenAt = frame.seenAt.momentRFC3339
    adoptedAt = frame.adoptedAt.momentRFC3339
    rivals = frame.rivals
    forks = frame.forks
  }

  /// `12 of 19`.
  var signed: String { "\(countries.count(where: \.signed)) of \(countries.count)" }

  /// Names it where people choose between a few; whoever signs or adopts it says its fingerprint besides.
  var shortDigest: String { String(digest.prefix(16)) }

  /// What is wrong or missing, for people; each line escaped.
  var findings: [String] {
    let mark = state == CharterState.gathering.rawValue ? "MISSING" : "REFUSED"
    return changes.map { "CHANGES  \(escaped($0))" } + reasons.map { "\(mark)  \(escaped($0))" }
  }

  /// All of it, for people.
  var screen: String {
    var lines = content.heading()
    var rows = [["state", adoptedAt.map { "\(state) at \($0)" } ?? state], ["signed", signed]]
    if let from { rows.append(["brought by", from]) }
    if !departing.isEmpty { rows.append(["and by", departing.joined(separator: ", ")]) }
    lines += Output.table(rows).split(separator: "\n").map(String.init)
    let table = countries.map {
      [
        "  \($0.handle)", $0.country, $0.name, $0.region, $0.fingerprint, $0.signed ? "signed" : "-",
        $0.peer ?? "unknown",
      ]
    }
    lines += Output.table(
      [["  WHO", "COUNTRY", "NAME", "REGION", "FINGERPRINT", "SIGNED", "PEER"]] + table
    ).split(separator: "\n").map(String.init)
    return (lines + findings).joined(separator: "\n")
  }
}

extension NodeOptions {
  /// All charters that the node knows, the highest serial first.
  func charters() async throws -> [CharterLine] {
    guard case .charters(let answer) = try await ask(.chartersRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    return try answer.charters.map { try CharterLine($0) }
  }

  /// How the charter in a file stands; with `keeping` the node takes it and tells the other countries.
  func charter(_ file: CharterFile, keeping: Bool) async throws -> CharterLine {
    var request = AdminCharterRequest()
    request.file = .init(file.tlsEncoded)
    request.keep = keeping
    guard case .charters(let answer) = try await ask(.charterRequest(request)), let charter = answer.charters.first
    else { throw CommandError.wrongAnswer }
    let line = try CharterLine(charter)
    guard line.file.charter.statement == file.charter.statement else { throw CommandError.wrongAnswer }
    return line
  }

  /// The charter that was named: by its digest, by at least eight of its first digits, or by a file that holds it.
  func charter(named text: String, keeping: Bool) async throws -> CharterLine {
    if text.utf8.count >= 8, text.allSatisfy(\.isHexDigit) {
      let found = try await charters().filter { $0.digest.hasPrefix(text.lowercased()) }
      if let only = found.first, found.count == 1 { return only }
      guard found.isEmpty else { throw CommandError(.usage, "several charters begin with \(text): type more of it") }
      guard text.utf8.count < 64 else { throw CommandError(.noInput, "there is no charter \(text) here") }
    }
    return try await charter(CharterFile.read(text), keeping: keeping)
  }
}

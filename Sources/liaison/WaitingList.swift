internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// A hand-over that waits for the reader, as a JSON object.
struct OfferObject: Encodable {
  let type = "dutyOffer"
  let role: String
  let from: String
  let expiresAt: String
}

/// A communication check that the reader is asked to acknowledge, or has, as a JSON object.
struct ComCheckObject: Encodable {
  let type = "comCheck"
  let exercise = ComCheck.exercise
  let check: String
  let origin: String
  let role: String
  let precedence: String
  let startedAt: String
  let answerBy: String
  let acknowledged: Bool

  init(_ check: Signed<ComCheck>, at handle: Handle, isAcknowledged: Bool = false) {
    let content = check.content
    self.check = check.unverified.name.description
    origin = content.origin.description
    role = ComCheck.role(at: handle).description
    precedence = content.precedence.description
    startedAt = content.startedAt.rfc3339
    answerBy = content.answerBy.rfc3339
    acknowledged = isAcknowledged
  }
}

/// Says which hand-overs and communication checks wait for the reader, each once.
struct WaitingList {
  let output: Output
  let engine: Engine
  private var told: Set<[UInt8]> = []

  init(output: Output, engine: Engine) {
    self.output = output
    self.engine = engine
  }

  /// Whether nothing waits.
  var isEmpty: Bool {
    get throws {
      let own = try engine.identity.address
      let (offers, checks) = try engine.waitingDuties(now: .now)
      return checks.isEmpty && !offers.contains { $0.to == own }
    }
  }

  /// Shows those that were not shown yet.
  mutating func show() throws {
    let own = try engine.identity.address
    let (offers, checks) = try engine.waitingDuties(now: .now)
    for signed in checks where told.insert(signed.unverified.name.bytes).inserted {
      let (check, object) = (signed.content, ComCheckObject(signed, at: own.handle))
      if output.json {
        output.line(Output.jsonLine(object))
        continue
      }
      output.line(
        output.emphasised(
          "\(ComCheck.exercise)  communication check of \(check.origin)  \(check.precedence.description.uppercased())"))
      output.line("  to \(object.role), started \(check.startedAt.shown), until \(check.answerBy.shown)")
      output.line("  liaison acknowledge \(object.check)")
    }
    for offer in offers where offer.to == own && told.insert(offer.tlsEncoded).inserted {
      let object = OfferObject(
        role: offer.role.description, from: offer.from.description, expiresAt: offer.expiresAt.rfc3339)
      if output.json {
        output.line(Output.jsonLine(object))
        continue
      }
      output.line(output.emphasised("\(offer.from) hands \(offer.role) over to you"))
      output.line("  liaison duty accept \(offer.role), or: liaison duty decline \(offer.role)")
    }
  }
}

package import CommandKit
package import LiaisonModel
package import LiaisonTrust

extension NodeCard {
  /// What the root key is asked to sign, and how it differs from the last card; each line escaped.
  package func screen(after last: NodeCard) -> [String] {
    var rows = [
      ["card", "\(handle), \(name) (\(country)), serial \(serial) after \(last.serial)"],
      ["fingerprint", "\(fingerprint)"],
    ]
    rows += nodeKeys.map { ["node key", "\($0)\(last.nodeKeys.contains($0) ? "" : "  NEW")"] }
    rows += last.nodeKeys.filter { !nodeKeys.contains($0) }.map { ["no longer", "\($0)"] }
    rows += endpoints.map { ["reached at", "\($0)\(last.endpoints.contains($0) ? "" : "  NEW")"] }
    rows += [["in force", "\(issuedAt.rfc3339) to \(expiresAt.rfc3339)"]]
    return Output.table(rows).split(separator: "\n").map(String.init)
  }
}

extension NodeCardRequest {
  /// The request in a file, and the key that asks.
  package static func read(_ path: String) throws -> (request: NodeCardRequest, signer: NodeKey) {
    let text = try CardFile.text(path, holding: label, bytesMax: Limits.statementBytesMax)
    return try Armor.decode(text, as: NodeCardRequest.self).verifiedBySelf()
  }
}

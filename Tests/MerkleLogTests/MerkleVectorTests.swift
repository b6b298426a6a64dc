import Foundation
import MerkleLog
import TestKit
import Testing

@Suite("Merkle vectors", .enabled(if: Vectors.directory("merkle") != nil, Vectors.absent))
struct MerkleVectorTests {
  private struct Inclusion: Decodable {
    let leafIdx: UInt64
    let treeSize: UInt64
    let root: Data?
    let leafHash: Data?
    let proof: [Data]?
    let desc: String
    let wantErr: Bool

    /// Nil where it holds. A hash of another length cannot even be written down in this library.
    func refusal() -> String? {
      guard let root = MerkleHash(root ?? Data()), let leafHash = MerkleHash(leafHash ?? Data()) else {
        return "hash length"
      }
      let hashes = (proof ?? []).compactMap { MerkleHash($0) }
      guard hashes.count == (proof ?? []).count else { return "hash length" }
      do {
        try MerkleProof.verifyInclusion(
          leafHash: leafHash, index: leafIdx, size: treeSize, proof: hashes, root: root)
        return nil
      } catch { return error.rawValue }
    }
  }

  private struct Consistency: Decodable {
    let size1: UInt64
    let size2: UInt64
    let root1: Data?
    let root2: Data?
    let proof: [Data]?
    let desc: String
    let wantErr: Bool

    func refusal() -> String? {
      do {
        try MerkleProof.verifyConsistency(
          firstSize: size1, secondSize: size2, proof: (proof ?? []).map(hash), firstRoot: hash(root1),
          secondRoot: hash(root2))
        return nil
      } catch { return error.rawValue }
    }

    /// Where a root does not matter these files have words in its place, equal or different; they are hashed here.
    private func hash(_ bytes: Data?) -> MerkleHash {
      MerkleHash(bytes ?? Data()) ?? .leaf(Array(bytes ?? Data()))
    }
  }

  private struct Reference: Decodable {
    let leaves: [String]
    let nodeHashesLevels: [[String]]
    let rootsBySizeFrom1: [String]
    let emptyRoot: String
  }

  private func cases<Case: Decodable>(_ folder: String, of type: Case.Type) throws -> [Case] {
    let url = try #require(Vectors.directory("merkle/testdata/\(folder)"))
    return try Vectors.files(in: url).map { try JSONDecoder().decode(Case.self, from: Data(contentsOf: $0)) }
  }

  @Test("Inclusion: 6 cases hold, 92 are refused")
  func inclusion() throws {
    let cases = try cases("inclusion", of: Inclusion.self)
    #expect(cases.count(where: { !$0.wantErr }) == 6)
    #expect(cases.count(where: \.wantErr) == 92)
    for vector in cases {
      #expect((vector.refusal() != nil) == vector.wantErr, "\(vector.desc), size \(vector.treeSize)")
    }
    // Most are refused for what they prove, not for how they are written.
    #expect(cases.count(where: { $0.refusal() == MerkleLogError.rootMismatch.rawValue }) >= 25)
  }

  @Test("Consistency: 6 cases hold, 92 are refused")
  func consistency() throws {
    let cases = try cases("consistency", of: Consistency.self)
    #expect(cases.count(where: { !$0.wantErr }) == 6)
    #expect(cases.count(where: \.wantErr) == 92)
    for vector in cases {
      #expect((vector.refusal() != nil) == vector.wantErr, "\(vector.desc), \(vector.size1) to \(vector.size2)")
    }
    #expect(cases.count(where: { $0.refusal() == MerkleLogError.rootMismatch.rawValue }) >= 25)
  }

  @Test("The reference tree has the published nodes and roots")
  func referenceTree() throws {
    let folder = try #require(Vectors.directory("merkle"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let reference = try decoder.decode(
      Reference.self, from: Data(contentsOf: folder.appendingPathComponent("rfc6962_reference_tree.json")))
    #expect(MerkleHash.emptyTree.description == reference.emptyRoot)
    let leaves = reference.leaves.map { MerkleHash.leaf(bytes($0)) }
    #expect(leaves.map(\.description) == reference.nodeHashesLevels[0])
    var level = leaves
    for expected in reference.nodeHashesLevels.dropFirst() {
      level = stride(from: 0, to: level.count - 1, by: 2).map { .node(level[$0], level[$0 + 1]) }
      #expect(level.map(\.description) == expected)
    }
    let tree = MerkleTree(leafHashes: leaves)
    #expect(try (1...8).map { try tree.root(size: $0).description } == reference.rootsBySizeFrom1)
  }

  private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}

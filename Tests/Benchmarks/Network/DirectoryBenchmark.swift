internal import CommandKit
internal import Foundation
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
internal import LiaisonStore
internal import LiaisonTrust
internal import MerkleLog
internal import ProcessKit
internal import Sodium
internal import TLSPresentation
internal import TestKit

/// What the directory of a node with many members costs: its log read at the start, a proof made and verified, its size.
enum DirectoryBenchmark {
  /// Measures over the store of a node that has run once, so that all of its members are in its log.
  static func run(_ country: Country, of addresses: [Address], into report: Report) throws {
    let home = NodeHome(country.home)
    let storeKey = try home.unlock { () throws(CommandError) in throw CommandError(.software, "no passphrase") }
    let key = try home.nodeKey(under: storeKey)
    let store = try SQLiteNodeStore(path: home.database)
    guard let card = try StoredTrustLog(in: store).log.registry.ownCard else { throw ProcessFailure("no card") }
    var times: [Double] = []
    var tree = MerkleTree()
    for _ in 0..<3 {
      let start = monotonicSeconds()
      tree = MerkleTree(
        leafHashes: try store.read { try $0.directoryRecords(from: 0, limit: .max) }.lazy.map { MerkleHash.leaf($0) })
      times.append(monotonicSeconds() - start)
    }
    guard tree.size >= addresses.count else { throw ProcessFailure("the directory has \(tree.size) entries only") }
    report.add(
      "directory_load", times.sorted()[1], "s", count: tree.size, "records read and the tree built; median of 3")
    let start = monotonicSeconds()
    let head = Signed(
      DirectoryHead(
        handle: card.content.handle, beganAt: .now(), size: UInt64(tree.size), root: tree.root.bytes, signedAt: .now()),
      by: key)
    report.add("directory_head", (monotonicSeconds() - start) * 1000, "ms", "root and signature")
    var generator = SeededGenerator(seed: 3)
    var (paths, answers, checks, sizes): ([Double], [Double], [Double], [Int]) = ([], [], [], [])
    for _ in 0..<2000 {
      guard let address = addresses.randomElement(using: &generator) else { return }
      let start = monotonicSeconds()
      guard
        let (member, index) = try store.read({ store -> (MemberRecord, Int)? in
          guard let member = try store.member(address), let last = try store.lastDirectoryEntry(of: address) else {
            return nil
          }
          return (member, last.index)
        }), let card = member.card
      else { throw ProcessFailure("\(address) is not there") }
      let found = monotonicSeconds()
      let path = try tree.inclusionProof(index: index, size: tree.size)
      let made = monotonicSeconds()
      let answer = Frame.DirectoryAnswer(
        cards: [card], head: head.unverified,
        inclusions: [DirectoryInclusion(index: UInt64(index), path: path.map(\.bytes))])
      let encoded = Frame(request: 1, .directoryAnswer(answer)).encoded
      answers.append(monotonicSeconds() - start)
      paths.append(made - found)
      sizes.append(
        encoded.count - Frame(request: 1, .directoryAnswer(Frame.DirectoryAnswer(cards: [card]))).encoded.count)
      let before = monotonicSeconds()
      try answer.inclusions[0].check(card, of: address, under: head.content)
      checks.append(monotonicSeconds() - before)
    }
    report.add(latencies: "directory_proof", paths)
    report.add(latencies: "directory_answer", answers)
    report.add(latencies: "directory_verify", checks)
    sizes.sort()
    report.add(
      "directory_proof_path", Double(32 * (Int.bitWidth - (tree.size - 1).leadingZeroBitCount)), "B", "at most")
    report.add(
      "directory_proof_size", Double(sizes[sizes.count / 2]), "B", count: sizes.count,
      "what the proof adds to an answer, the signed head with it; median")
  }
}

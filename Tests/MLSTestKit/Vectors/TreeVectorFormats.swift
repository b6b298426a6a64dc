package struct TreeOperationVector: SuiteVector {
  package let cipherSuite: UInt16
  package let treeBefore, proposal, treeHashBefore, treeAfter, treeHashAfter: Hex
  package let proposalSender: UInt32
}

package struct TreeValidationVector: SuiteVector {
  package let cipherSuite: UInt16
  package let tree, groupId: Hex
  package let resolutions: [[Int]]
  package let treeHashes: [Hex]
}

package struct TreeKEMVector: SuiteVector {
  package struct PathSecret: Codable, Sendable {
    package let node: Int
    package let pathSecret: Hex
  }
  package struct Leaf: Codable, Sendable {
    package let index: UInt32
    package let encryptionPriv, signaturePriv: Hex
    package let pathSecrets: [PathSecret]
  }
  package struct Path: Codable, Sendable {
    package let sender: UInt32
    package let updatePath: Hex
    package let pathSecrets: [Hex?]
    package let commitSecret, treeHashAfter: Hex
  }
  package let cipherSuite: UInt16
  package let groupId: Hex
  package let epoch: UInt64
  package let confirmedTranscriptHash, ratchetTree: Hex
  package let leavesPrivate: [Leaf]
  package let updatePaths: [Path]
}

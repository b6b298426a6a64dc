enum StubMerkleLog {}

enum StubLiaisonClient {}

enum StubLiaisonNode {}

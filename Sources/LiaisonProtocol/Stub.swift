enum StubLiaisonProtocol {}

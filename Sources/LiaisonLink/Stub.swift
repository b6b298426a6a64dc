enum StubLiaisonLink {}

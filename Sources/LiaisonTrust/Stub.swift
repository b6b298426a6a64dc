enum StubLiaisonTrust {}

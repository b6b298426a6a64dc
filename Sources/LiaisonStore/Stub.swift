enum StubLiaisonStore {}

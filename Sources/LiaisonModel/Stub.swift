enum StubLiaisonModel {}

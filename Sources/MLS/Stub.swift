enum StubMLS {}

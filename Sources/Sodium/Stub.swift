enum StubSodium {}

enum StubLiaisonRooms {}

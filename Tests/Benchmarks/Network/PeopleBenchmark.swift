internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import ProcessKit
internal import TestKit

/// What finding people costs among all members of a country: as a device's question does it, from the words to the cards.
enum PeopleBenchmark {
  /// Searches the store of a node that does not run.
  static func searches(_ country: Country, among count: Int, into report: Report) throws {
    let store = try SQLiteNodeStore(path: country.home + "/node.sqlite")
    var generator = SeededGenerator(seed: 3)
    let number = { Int.random(in: 0..<count, using: &generator) }
    let kinds: [(name: String, text: () -> String, isStale: Bool, isFound: (Int) -> Bool)] = [
      ("search_name", { "member \(number())" }, false, { $0 >= 1 }),
      ("search_address", { "member\(number())@\(country.handle)" }, false, { $0 >= 1 }),
      // Up to a thousand match: as many as one answer holds are read.
      ("search_prefix", { "member\(number() / 1000)" }, false, { $0 >= 1 }),
      // Everybody matches.
      ("search_everybody", { "cyb mem" }, false, { $0 == Limits.directoryResultsMax || $0 == count }),
      ("search_nobody", { "cyber nobody\(number())" }, false, { $0 == 0 }),
      // Nobody has said anything that could be stale; among those of a word, as many as are looked at.
      ("search_stale", { "" }, true, { $0 == 0 }),
      ("search_stale_word", { "cyber" }, true, { $0 == 0 }),
    ]
    for kind in kinds {
      let texts = (0..<500).map { _ in kind.text() }
      var times: [Double] = []
      for text in texts {
        let start = monotonicSeconds()
        var search = PeopleSearch(PeopleWords(text), at: .now())
        if kind.isStale { search.confirmedUntil = search.now }
        let found = try store.read { try $0.searchPeople(search, limit: Limits.directoryResultsMax) }.people
        times.append(monotonicSeconds() - start)
        guard kind.isFound(found.count) else { throw ProcessFailure("\(found.count) are found by '\(text)'") }
      }
      report.add(latencies: kind.name, times)
    }
  }
}

/// Ways from one person to another over vouches that count: the shortest first.
public enum VouchPaths {
  /// Hops of a path: who is farther away is known to nobody here.
  public static let hopsMax = 4
  /// Paths that are shown.
  public static let pathsMax = 5
  /// Steps that a search takes: a graph that hostile people made grows no search beyond it.
  private static let stepsMax = 20_000

  /// Paths as the positions of their vouches, voucher to subject, in `vouches`. None visits a person twice, and none uses
  /// two vouches of one person for the same other one in turn: the first counts.
  public static func paths(
    from start: Address, to end: Address, over vouches: [(voucher: Address, subject: Address)]
  ) -> [[Int]] {
    guard start != end else { return [] }
    var outgoing: [Address: [(position: Int, subject: Address)]] = [:]
    var seen: Set<[Address]> = []
    for (position, vouch) in vouches.enumerated() where seen.insert([vouch.voucher, vouch.subject]).inserted {
      outgoing[vouch.voucher, default: []].append((position, vouch.subject))
    }
    var found: [[Int]] = []
    var steps = 0
    var open: [(people: [Address], path: [Int])] = [([start], [])]
    for _ in 0..<hopsMax {
      var next: [(people: [Address], path: [Int])] = []
      for (people, path) in open {
        guard let last = people.last else { continue }
        for (position, subject) in outgoing[last] ?? [] where !people.contains(subject) {
          steps += 1
          guard steps <= stepsMax else { return found }
          if subject == end {
            found.append(path + [position])
            if found.count == pathsMax { return found }
          } else {
            next.append((people + [subject], path + [position]))
          }
        }
      }
      open = next
    }
    return found
  }

  /// The vouches that lie on a way of at most ``hopsMax`` hops, of all that were met from `start` on.
  public static func onTheWay(
    from start: Address, to end: Address, over vouches: [(voucher: Address, subject: Address)]
  ) -> [Int] {
    func distances(_ origin: Address, _ step: [(from: Address, to: Address)]) -> [Address: Int] {
      let neighbours = Dictionary(grouping: step, by: \.from)
      var distances = [origin: 0]
      var open = [origin]
      for distance in 1...hopsMax {
        var next: [Address] = []
        for address in open {
          for neighbour in neighbours[address] ?? [] where distances[neighbour.to] == nil {
            distances[neighbour.to] = distance
            next.append(neighbour.to)
          }
        }
        open = next
      }
      return distances
    }
    let ahead = distances(start, vouches.map { ($0.voucher, $0.subject) })
    let back = distances(end, vouches.map { ($0.subject, $0.voucher) })
    return vouches.indices.filter { position in
      guard let before = ahead[vouches[position].voucher], let after = back[vouches[position].subject] else {
        return false
      }
      return before + 1 + after <= hopsMax
    }
  }
}

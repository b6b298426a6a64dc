internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

extension Peer {
  struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "policy", abstract: "What a peer may do here, and this node's people with it.",
      discussion: "Example: liaisonctl peer policy show xb", subcommands: [Show.self, Change.self])

    struct Show: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Show what a peer may do.", discussion: "Example: liaisonctl peer policy show xb --json")

      @OptionGroup var node: NodeOptions
      @Argument(help: "The peer's handle.") var handle: HandleArgument

      struct Line: Encodable {
        var handle: String
        var allowed: [String]
        var precedence: String
        var contacts: [String]
        var hours: String
        var validUntil: String?
        var way: String
        var via: String?
        var quotas: [String: UInt64]
      }

      func run() async throws {
        let policy = try await node.peer(handle.handle).policy
        let line = Line(
          handle: handle.handle.description, allowed: policy.permissions.sorted().map(\.name),
          precedence: policy.precedenceMax.description,
          contacts: policy.disciplines.map(\.description).sorted(), hours: policy.hours.text,
          validUntil: policy.validUntil?.rfc3339, way: policy.way.name,
          via: policy.via?.description,
          quotas: Dictionary(
            uniqueKeysWithValues: PeerPolicy.Quota.allCases.map { ($0.name, policy.limit($0)) }))
        node.output.result(
          line, Output.table([["FIELD", "POLICY"]] + policy.fields.map { [$0.name, $0.text] }).dropLast().description)
      }
    }

    struct Change: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change what a peer may do. Trust officers do this.",
        discussion: """
          What is not named stays. Each option says all of its field anew.
            --allow        messages, documents, relaying, directory, rooms, carrying; or nothing, or everything
            --precedence   the highest that its messages may have, and ours to it
            --contact      whom of our members it may look up and bring into rooms: disciplines, or nobody, or everybody
            --hours        such as 06:00-18:30, in UTC; or always
            --valid        for how long from now on, such as 30d; or forever
            --way          link; or hand, for bundles only
            --via          another peer that carries what is for this one where there is no link; or nobody
            --quota        such as kept-messages=1000; at most this node's own limit

          Example: liaisonctl peer policy set xb --allow messages --allow directory --precedence immediate
          """)

      @OptionGroup var decision: DecisionOptions
      @Argument(help: "The peer's handle.") var handle: HandleArgument
      @Option(name: .long, help: ArgumentHelp("What is allowed; may be repeated.", valueName: "what")) var allow:
        [String] =
          []
      @Option(name: .long, help: ArgumentHelp("The highest precedence.", valueName: "precedence")) var precedence:
        String?
      @Option(name: .long, help: ArgumentHelp("Who may be contacted; may be repeated.", valueName: "discipline"))
      var contact: [String] = []
      @Option(name: .long, help: ArgumentHelp("Hours of the day, UTC.", valueName: "from-until")) var hours: String?
      @Option(name: .long, help: ArgumentHelp("For how long.", valueName: "time")) var valid: String?
      @Option(name: .long, help: ArgumentHelp("How what is for the peer gets there.", valueName: "link|hand"))
      var way: String?
      @Option(name: .long, help: ArgumentHelp("Who carries where there is no link.", valueName: "handle")) var via:
        String?
      @Option(name: .long, help: ArgumentHelp("A quota; may be repeated.", valueName: "name=count")) var quota:
        [String] = []

      func run() async throws {
        guard
          !allow.isEmpty || precedence != nil || !contact.isEmpty || hours != nil || valid != nil || way != nil
            || via != nil || !quota.isEmpty
        else { throw CommandError(.usage, "say what to change, such as --precedence immediate") }
        var policy = try await decision.node.peer(handle.handle).policy
        if !allow.isEmpty {
          policy.permissions = try Self.set(
            allow, of: PeerPolicy.Permission.allCases, named: \.name, all: "everything", none: "nothing")
        }
        if !contact.isEmpty {
          policy.disciplines = try Self.set(
            contact, of: Discipline.allCases, named: \.description, all: "everybody", none: "nobody")
        }
        try CommandError.typed { () throws(ModelError) in
          if let precedence { policy.precedenceMax = try Precedence(precedence) }
          if let hours { policy.hours = try Self.hours(hours) }
          if let way {
            guard let known = PeerPolicy.Way.allCases.first(where: { $0.name == way }) else {
              throw ModelError.malformed("a way is \(PeerPolicy.Way.allCases.map(\.name).joined(separator: " or "))")
            }
            policy.way = known
            if known == .hand { policy.via = nil }
          }
          if let via {
            policy.via = via == "nobody" ? nil : try Handle(via)
            guard policy.via != handle.handle else { throw ModelError.malformed("nobody is carried by themselves") }
            guard policy.via == nil || policy.way == .link else {
              throw ModelError.malformed("what goes by hand is carried by no other node; say --way link as well")
            }
          }
          for quota in quota {
            let parts = quota.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let limit = UInt64(parts[1]),
              let known = PeerPolicy.Quota.allCases.first(where: { $0.name == parts[0] })
            else {
              throw ModelError.malformed(
                "a quota is NAME=COUNT, of \(PeerPolicy.Quota.allCases.map(\.name).joined(separator: ", "))")
            }
            try policy.set(known, to: limit)
          }
        }
        if let valid {
          policy.validUntil =
            valid == "forever" ? nil : Timestamp.now.adding(milliseconds: try Span(valid).milliseconds)
        }
        try await decision.decide(.peerPolicyChanged(handle.handle, policy))
      }

      private static func set<Value: Hashable>(
        _ names: [String], of all: [Value], named name: (Value) -> String, all everything: String, none: String
      ) throws(CommandError) -> Set<Value> {
        if names == [everything] { return Set(all) }
        if names == [none] { return [] }
        var values: Set<Value> = []
        for text in names {
          guard let value = all.first(where: { name($0) == text }) else {
            throw CommandError(
              .usage,
              "\(escaped(text)) is none of \(all.map(name).joined(separator: ", ")), nor \(everything) or \(none) alone"
            )
          }
          values.insert(value)
        }
        return values
      }

      private static func hours(_ text: String) throws(ModelError) -> PeerPolicy.Hours {
        if text == "always" { return .always }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
        guard parts.count == 2, let from = parts[0], let until = parts[1] else {
          throw .malformed("hours have the form 06:00-18:30, or always")
        }
        return try PeerPolicy.Hours(from: from, until: until)
      }

      private static func minute(_ text: Substring) -> UInt16? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt16(parts[0]),
          let minute = UInt16(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
      }
    }
  }
}

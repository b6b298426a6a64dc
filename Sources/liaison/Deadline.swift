internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct Deadline: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show or set how soon messages are to be acknowledged.",
    discussion: """
      By precedence, from when a message was written. liaison inbox shows what you are late with, and liaison status who \
      else is. It is your own measure: nobody is told.

      Examples:
        liaison deadline
        liaison deadline immediate 45m
      """)

  @Argument(help: "routine, priority, immediate or flash.") var precedence: String?
  @Argument(help: "A length of time: 90s, 30m, 12h, 7d or 8w.") var time: String?

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Line: Encodable {
    let precedence: String
    let seconds: UInt64
  }

  func validate() throws {
    guard (precedence == nil) == (time == nil) else {
      throw ValidationError("say a precedence and a length of time, or neither")
    }
  }

  func run() throws {
    let change = try precedence.map { (try Precedence.typed($0), try Span(time ?? "")) }
    let engine = try profile.open()
    if let (precedence, span) = change { try engine.setDeadline(precedence, milliseconds: span.milliseconds) }
    let deadlines = try engine.deadlines
    let lines = Precedence.allCases.map { Line(precedence: $0.description, seconds: deadlines[$0] / 1000) }
    format.output.listing(lines, columns: ["PRECEDENCE", "ACKNOWLEDGE WITHIN"], empty: "") {
      [$0.precedence, Span.shown(milliseconds: $0.seconds * 1000)]
    }
  }
}

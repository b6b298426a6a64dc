import CommandKit
import LiaisonModel
import Testing

@Suite struct MomentsTests {
  @Test("a time is shown in RFC 3339 and read back")
  func roundTrip() throws {
    let time = Timestamp(milliseconds: 1_795_368_884_123)
    #expect(time.rfc3339 == "2026-11-22T17:34:44.123Z")
    #expect(time.shown == "2026-11-22T17:34:44Z")
    #expect(try Timestamp(rfc3339: time.rfc3339) == time)
    #expect(try Timestamp(rfc3339: "2026-11-22T17:34:44Z").milliseconds == 1_795_368_884_000)
    #expect(try Timestamp(rfc3339: "2026-11-22").milliseconds == 1_795_305_600_000)
  }

  @Test("a time that no calendar holds is shown as the last moment of the year 9999")
  func farFuture() { #expect(Timestamp(milliseconds: .max).shown == "9999-12-31T23:59:59Z") }

  @Test("what is no time is refused", arguments: ["", "yesterday", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z"])
  func notATime(text: String) {
    #expect(throws: CommandError.self) { try Timestamp(rfc3339: text) }
  }

  @Test(
    "lengths of time",
    arguments: [("90s", 90_000), ("30m", 1_800_000), ("12h", 43_200_000), ("7d", 604_800_000), ("2w", 1_209_600_000)]
      as [(String, UInt64)])
  func spans(text: String, milliseconds: UInt64) throws { #expect(try Span(text).milliseconds == milliseconds) }

  @Test(
    "lengths of time for people",
    arguments: [
      (0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_599_999, "59 min"), (3_600_000, "1 h"),
      (7_500_000, "2 h 5 min"), (86_400_000, "24 h"), (172_799_999, "47 h 59 min"), (172_800_000, "2 d"),
      (180_000_000, "2 d 2 h"), (.max, "213503982334 d 14 h"),
    ] as [(UInt64, String)])
  func shownSpans(milliseconds: UInt64, text: String) { #expect(Span.shown(milliseconds: milliseconds) == text) }

  @Test(
    "what is no length of time is refused",
    arguments: ["", "d", "7", "-1d", "0d", "1.5h", "4000d", "99999999999999999999d"])
  func notASpan(text: String) {
    #expect(throws: CommandError.self) { try Span(text) }
  }

  @Test(
    "lengths of time in words",
    arguments: [
      (0, "0 s"), (999, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_599_999, "59 min"), (3_600_000, "1 h"),
      (86_399_999, "23 h"), (90 * 86_400_000, "90 d"), (.max, "213503982334 d"),
    ] as [(UInt64, String)])
  func words(milliseconds: UInt64, words: String) { #expect(milliseconds.spanShown == words) }
}

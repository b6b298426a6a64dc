import Foundation
import TestKit
import Testing

@Suite("What people type and see") struct TranscriptTests {
  @Test("each transcript is true", arguments: try Transcript.all())
  func transcript(_ transcript: Transcript) async throws { try await blocking { try Self.check(transcript) } }

  private static func check(_ transcript: Transcript) throws {
    let shell = try Shell()
    for step in transcript.steps {
      let result = try shell.run(step.command)
      let place = "\(transcript.name).txt:\(step.line): \(step.command)"
      let output = Normal.lines(result.output, ports: shell.ports)
      let errors = Normal.lines(result.errors, ports: shell.ports)
      #expect(result.status == step.status, "\(place)\nstderr: \(result.errors)")
      #expect(
        Normal.matches(output[...], step.output[...]),
        "\(place)\nexpected: \(step.output)\nstdout:   \(output)")
      #expect(
        Normal.matches(errors[...], step.errors[...]),
        "\(place)\nexpected: \(step.errors)\nstderr:   \(errors)")
      if result.status != step.status { return }
    }
  }

  @Test("a transcript that is not true is found")
  func comparison() {
    #expect(Normal.matches(["a", "b"], ["a", "b"]))
    #expect(Normal.matches(["a", "x", "y", "b"], ["a", "...", "b"]))
    #expect(Normal.matches([], ["..."]))
    #expect(!Normal.matches(["a"], []))
    #expect(!Normal.matches([], ["a"]))
    #expect(!Normal.matches(["a", "c"], ["a", "b"]))
    #expect(!Normal.matches(["a", "x"], ["a", "...", "b"]))
    #expect(Normal.lines("at 2026-11-22T17:34:44.123Z\n\n", ports: [:]) == ["at {time}"])
  }

  @Test("there are transcripts, and the programs are built")
  func present() throws {
    #expect(try Transcript.all().count >= 5)
    for program in ["liaisond", "liaisonctl", "liaison"] {
      #expect(FileManager.default.isExecutableFile(atPath: Shell.programs.appendingPathComponent(program).path))
    }
  }
}

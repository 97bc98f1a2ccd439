import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The program under test, as SwiftPM built it beside the test bundle.
enum Pipeline {
  /// The `pipeline` binary; the bundle's own process runs in the same folder.
  static let executable =
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "pipeline").path

  /// Runs `pipeline` with these arguments, whatever comes of it.
  static func run(
    _ arguments: [String], input: Data? = nil, timeoutSeconds: Double = 300,
    killWhen: () -> Bool = { false }, signalWhen: () -> Int32? = { nil }
  ) throws -> Outcome {
    try ChildProcess.run(
      executable, arguments, input: input, timeoutSeconds: timeoutSeconds, killWhen: killWhen,
      signalWhen: signalWhen)
  }

  /// Runs `pipeline` and kills it at a moment; on a busy machine it may be through before this process
  /// is asked again, and begins anew in an empty folder then.
  ///
  /// - Parameters:
  ///   - arguments: Its arguments.
  ///   - folder: What it writes.
  ///   - moment: Asked about once a millisecond; true to kill it.
  /// - Throws: `ProcessFailure` where it was always through before.
  static func kill(
    _ arguments: [String], writing folder: String, at moment: () -> Bool
  ) throws {
    var outcome = try run(arguments, killWhen: moment)
    for _ in 0..<9 where outcome.ending != .signalled(SIGKILL) {
      try FileManager.default.removeItem(atPath: folder)
      outcome = try run(arguments, killWhen: moment)
    }
    guard outcome.ending == .signalled(SIGKILL) else {
      throw ProcessFailure(description: "it was not killed: \(outcome.summary)")
    }
  }

  /// Runs `pipeline`, which has to succeed.
  ///
  /// - Throws: `ProcessFailure` with all that it said where it does not.
  @discardableResult
  static func succeed(_ arguments: [String], input: Data? = nil) throws -> Outcome {
    let outcome = try run(arguments, input: input)
    guard outcome.ending == .exited(0) else {
      throw ProcessFailure(description: outcome.summary)
    }
    return outcome
  }

  /// Runs `pipeline`, which has to fail with exit code 1, to print nothing on standard output, and
  /// to say why: an `Error:` that holds each of these texts.
  @discardableResult
  static func expectFailure(
    _ arguments: [String], saying texts: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments)
    #expect(outcome.ending == .exited(1), "\(outcome.summary)", sourceLocation: sourceLocation)
    #expect(outcome.output == "", sourceLocation: sourceLocation)
    let message = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { !$0.hasPrefix("Error: ") }.joined(separator: "\n")
    for text in texts {
      #expect(
        message.contains(text), "'\(text)' is not in: \(outcome.summary)",
        sourceLocation: sourceLocation)
    }
    return outcome
  }
}

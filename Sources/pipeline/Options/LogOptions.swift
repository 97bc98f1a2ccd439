import ArgumentParser
import Console
import Logging

/// How much a command says on standard error.
struct LogOptions: ParsableArguments {
  @Flag(help: "Show no progress and no notes; warnings and errors are still shown.")
  var quiet = false

  /// The command's log.
  var log: Logger {
    Logger(label: "pipeline") { _ in PlainLogHandler(showing: quiet ? .warning : .info) }
  }
}

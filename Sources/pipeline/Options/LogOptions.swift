import ArgumentParser
import Console
import Logging

/// How much a command says on standard error.
struct LogOptions: ParsableArguments {
  @Flag(help: "Show no progress and no notes; warnings and errors are still shown.")
  var quiet = false

  /// The command's log.
  var log: Logger {
    var logger = Logger(label: "pipeline") { _ in PlainLogHandler() }
    logger.logLevel = quiet ? .warning : .info
    return logger
  }
}

package import Logging

/// Writes log messages as plain lines to standard error and to the transcript; warnings and errors say
/// what they are.
package struct PlainLogHandler: LogHandler {
  /// Kept, and not shown.
  package var metadata: Logger.Metadata = [:]
  /// What is less important is left out everywhere.
  package var logLevel: Logger.Level = .info
  private let shown: Logger.Level

  /// A handler that shows what is important enough; the rest is in the transcript alone.
  package init(showing shown: Logger.Level = .info) { self.shown = shown }

  /// One value of the metadata.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one message.
  package func log(event: LogEvent) {
    let prefix = event.level >= .warning ? "\(event.level): " : ""
    let line = prefix + "\(event.message)"
    if event.level >= shown { Terminal.note(line) } else { Transcript.shared.add(line) }
  }
}

package import Logging

/// Writes log messages as plain lines to standard error; warnings and errors say what they are.
package struct PlainLogHandler: LogHandler {
  /// Kept, and not shown.
  package var metadata: Logger.Metadata = [:]
  /// What is less important is left out.
  package var logLevel: Logger.Level = .info

  /// A handler that shows notes, warnings and errors.
  package init() {}

  /// One value of the metadata.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one message.
  package func log(event: LogEvent) {
    let prefix = event.level >= .warning ? "\(event.level): " : ""
    Terminal.note(prefix + "\(event.message)")
  }
}

/// Waiting for other processes, which have no way to call.
package enum Polling {
  /// Seconds between two looks.
  package static let seconds = 0.1
}

import Console
import Corpus
import Logging

/// Shows how far `tokenize` has come: text a second, and the time left.
///
/// One thread calls it.
final class TokenizeProgress {
  private let bar: ProgressBar
  private let log: Logger
  /// What an interrupted run had done, which is no measure of this run's speed.
  private var before: CorpusProgress?

  init(quiet: Bool, log: Logger) {
    bar = ProgressBar("tokenize", quiet: quiet)
    self.log = log
  }

  /// Shows the state.
  func update(_ state: CorpusProgress) {
    let total = Double(max(state.bytesTotal, 1))
    if before == nil {
      before = state
      if state.resumedShards > 0 {
        log.info("resuming: \(Format.count(state.resumedShards)) shards are there already")
        bar.resume(at: Double(state.bytesRead) / total)
      }
    }
    let text = state.textBytes - (state.resumedShards > 0 ? before?.textBytes ?? 0 : 0)
    let rate = Int(Double(text) / max(bar.elapsedSeconds, 1e-3))
    // Of standard input nobody knows how much there is. Short, so that the time left fits in a line.
    let read = state.bytesTotal > 0 ? "" : "\(Format.bytes(state.textBytes)), "
    bar.update(
      state.bytesTotal > 0 ? Double(state.bytesRead) / total : 0,
      read + "\(Format.bytes(rate))/s of text")
  }

  /// Shows what came of it.
  func finish(_ manifest: CorpusManifest, isReused: Bool) {
    bar.finish(
      "\(Format.count(manifest.sequences)) sequences, \(Format.count(manifest.tokens)) tokens"
        + (isReused ? " (already there, unchanged)" : ""))
  }
}

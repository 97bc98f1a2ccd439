package import Foundation
package import Tokenizer

/// The words of text files, counted for the training of a vocabulary.
package struct TextWordCount: Sendable {
  /// How far counting has come.
  package struct Progress: Sendable {
    /// Bytes read from the inputs, compressed where they are.
    package var bytesRead: Int
    /// Bytes of all inputs.
    package var bytesTotal: Int
  }

  /// The distinct words and how often each occurs.
  package let words: WordCounts
  /// Bytes of text that were counted, uncompressed and without line breaks.
  package let textBytes: Int
  /// Ill-formed parts of UTF-8 that were replaced.
  package let repairedUTF8: Int

  /// Reads files and counts their words; the same for any number of threads.
  ///
  /// - Parameters:
  ///   - inputs: Text files and folders of them.
  ///   - options: The normalizer's flags.
  ///   - jsonField: Which field of a `.jsonl` record holds the text.
  ///   - strict: Whether text that is not UTF-8 is an error.
  ///   - jobs: Threads that count, this one included, at least 1.
  ///   - progress: Called now and then on the calling thread.
  /// - Throws: `CorpusError` of the inputs.
  package init(
    inputs: [URL], options: NormalizerOptions, jsonField: String = "text", strict: Bool = false,
    jobs: Int = 1, progress: (Progress) -> Void = { _ in }
  ) throws {
    let files = try TextFile.list(inputs, tables: false)
    var state = Progress(bytesRead: 0, bytesTotal: files.reduce(0) { $0 + $1.bytes })
    var textBytes = 0
    var repaired = 0
    let workers = WordCountWorkers(options: options, jobs: jobs)
    defer { workers.stop() }
    for file in files {
      let source = try TextSource(file: file, unit: .line, jsonField: jsonField, strict: strict)
      let before = state.bytesRead
      try source.forEachEvent { event in
        guard case .text(let piece) = event else { return }
        workers.count(piece)
        textBytes += piece.count
        // Per file read, not per line: a read is some hundred kilobytes.
        if before + source.bytesRead != state.bytesRead {
          state.bytesRead = before + source.bytesRead
          progress(state)
        }
      }
      repaired += source.repairedCount
      state.bytesRead = before + source.bytesRead
    }
    progress(state)
    words = WordCounts(merging: workers.finish())
    self.textBytes = textBytes
    repairedUTF8 = repaired
  }
}

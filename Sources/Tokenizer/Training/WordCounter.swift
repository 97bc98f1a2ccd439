/// Counts the words of texts: normalized and cut as the tokenizer does it.
///
/// Special tokens in a text are ordinary text, as in the reference's training. Chunks between plain
/// spaces are counted first, and each distinct one is normalized once. Memory grows with the
/// distinct words alone; what is kept of chunks is bounded (about 60 MiB).
///
/// One caller at a time: make one for each thread, and join them in ``WordCounts``.
public final class WordCounter {
  private var parts: Parts

  /// A counter that has seen nothing.
  ///
  /// - Parameter options: The normalizer's flags.
  public init(options: NormalizerOptions = .uncased) { parts = Parts(options) }

  /// Counts the words of a text.
  ///
  /// - Parameters:
  ///   - bytes: The text, UTF-8; invalid bytes count as U+FFFD.
  ///   - weight: How often the text occurs.
  /// - Precondition: Bytes times weight, over all calls, stay below 2^58.
  public func count(utf8 bytes: UnsafeRawBufferPointer, weight: UInt64 = 1) {
    guard let base = bytes.baseAddress, weight > 0 else { return }
    let (volume, overflow) = weight.multipliedReportingOverflow(by: UInt64(bytes.count))
    precondition(
      !overflow && volume < WordCounts.maxVolume - parts.volume, "2^58 bytes of text or more")
    parts.volume += volume
    parts.count(base, end: bytes.count, weight: weight)
  }

  /// Counts the words of a text.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - weight: How often it occurs.
  /// - Precondition: Bytes times weight, over all calls, stay below 2^58.
  public func count(_ text: String, weight: UInt64 = 1) {
    var text = text
    text.withUTF8 { count(utf8: UnsafeRawBufferPointer($0), weight: weight) }
  }

  /// Bytes times weight of all texts.
  var volume: UInt64 { parts.volume }

  /// Calls `body` with each distinct word, in no order, and how often it occurs.
  func forEachWord(_ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
    parts.countWordsOfChunks()
    parts.words.forEach(body)
  }

  private struct Parts: ~Copyable {
    var volume: UInt64 = 0
    var chunks = ChunkCounts()
    var longChunks = StringCounts()
    var words: WordTable

    init(_ options: NormalizerOptions) { words = WordTable(options) }

    mutating func count(_ base: UnsafeRawPointer, end: Int, weight: UInt64) {
      var place = 0
      while true {
        while place < end,
          ChunkBoundary.contains(base.load(fromByteOffset: place, as: UInt8.self))
        {
          place += 1
        }
        guard place < end else { return }
        let chunkEnd = ChunkBoundary.next(in: base, from: place, end: end)
        add(base + place, count: chunkEnd - place, readable: end - place, weight: weight)
        place = chunkEnd
        if chunks.isFull { countWordsOfChunks() }
      }
    }

    private mutating func add(
      _ start: UnsafeRawPointer, count: Int, readable: Int, weight: UInt64
    ) {
      let chunk = UnsafeRawBufferPointer(start: start, count: count)
      if count <= ChunkCache.maxKeyBytes {
        chunks.add(ChunkCache.Key(start, count: count, readable: readable), weight)
      } else if count <= StringCounts.maxStringBytes {
        if longChunks.isFull { countWordsOfChunks() }
        longChunks.add(chunk, weight)
      } else {
        words.add(chunk: chunk, weight)
      }
    }

    /// Normalizes the chunks seen so far and forgets them.
    mutating func countWordsOfChunks() {
      words.take(&chunks)
      words.take(&longChunks)
    }
  }
}

/// Distinct words with their counts, filled from chunks.
///
/// One caller at a time.
struct WordTable: ~Copyable {
  private let exact: Normalizer
  private var normalizer: ChunkNormalizer
  private var words = Words()
  private var counts: [UInt64] = []

  /// An empty table.
  init(_ options: NormalizerOptions) {
    exact = Normalizer(options: options)
    normalizer = ChunkNormalizer(exact)
  }

  /// Calls `body` with each word that occurs and its count.
  func forEach(_ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
    for index in counts.indices where counts[index] > 0 {
      words.table.withBytes(at: index) { body($0, counts[index]) }
    }
  }

  /// Counts the words of chunks, which are taken out of their table.
  mutating func take(_ chunks: inout ChunkCounts) {
    chunks.takeAll { add(chunk: $0, $1) }
  }

  /// Counts the words of chunks, which are taken out of their table.
  mutating func take(_ chunks: inout StringCounts) {
    chunks.takeAll { add(chunk: $0, $1) }
  }

  /// Counts the words of one chunk.
  mutating func add(chunk: UnsafeRawBufferPointer, _ weight: UInt64) {
    words.ofChunk.removeAll(keepingCapacity: true)
    if !normalizer.forEachWord(of: chunk, &words) { collectExactly(chunk) }
    while counts.count < words.table.count { counts.append(0) }
    for index in words.ofChunk { counts[index] &+= weight }
  }

  /// The exact path, for text whose marks may change places.
  private mutating func collectExactly(_ chunk: UnsafeRawBufferPointer) {
    words.ofChunk.removeAll(keepingCapacity: true)
    var scalars: [UInt32] = []
    var place = 0
    while place < chunk.count {
      let step = UTF8Decoder.step(chunk, at: place)
      scalars.append(step.scalar)
      place += step.length
    }
    let text = exact.normalize(NormalizedText(scalars: scalars))
    var word: [UInt8] = []
    for range in PreTokenizer.words(of: text) {
      word.removeAll(keepingCapacity: true)
      for scalar in text.scalars[range] { UTF8Decoder.append(scalar, to: &word) }
      word.withUnsafeBufferPointer { words.take($0, scalarCount: range.count) }
    }
  }

  private struct Words: WordSink, ~Copyable {
    var table = ByteStringTable()
    /// Words of the chunk at hand.
    var ofChunk: [Int] = []

    mutating func take(_ word: UnsafeBufferPointer<UInt8>, scalarCount: Int) {
      ofChunk.append(table.insert(UnsafeRawBufferPointer(word)))
    }
  }
}

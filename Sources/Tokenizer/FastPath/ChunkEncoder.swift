/// Token IDs of a text, without alignment and without a cache.
///
/// One caller at a time.
struct ChunkEncoder {
  private let tokenizer: WordPieceTokenizer
  private var normalizer: ChunkNormalizer
  private var segments: Segments

  init(_ tokenizer: WordPieceTokenizer) {
    self.tokenizer = tokenizer
    normalizer = ChunkNormalizer(options: tokenizer.options, ascii: tokenizer.ascii)
    segments = Segments(model: tokenizer.model)
  }

  /// Appends the IDs of a text, special tokens recognised.
  mutating func append(_ text: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    swap(&segments.ids, &ids)
    defer { swap(&segments.ids, &ids) }
    tokenizer.matcher.split(text) { range, id in
      if let id {
        segments.ids.append(id)
      } else {
        appendGap(UnsafeRawBufferPointer(rebasing: text[range]))
      }
    }
  }

  private mutating func appendGap(_ gap: UnsafeRawBufferPointer) {
    let first = segments.ids.count
    guard !normalizer.forEachWord(of: gap, &segments) else { return }
    segments.ids.removeSubrange(first...)
    for token in tokenizer.exactTokens(ofUTF8: gap, recognizesSpecialTokens: false) {
      segments.ids.append(token.id)
    }
  }

  /// Words cut into pieces.
  private struct Segments: WordSink {
    let model: WordPieceModel
    /// The caller's while a text is read, so that nothing is copied.
    var ids: [Int32] = []

    mutating func take(_ word: UnsafeBufferPointer<UInt8>, scalarCount: Int) {
      let first = ids.count
      if !model.segment(word, scalarCount: scalarCount, { id, _ in ids.append(id) }) {
        ids.removeSubrange(first...)
        ids.append(model.unknownID)
      }
    }
  }
}

/// The fast path from text to token IDs, with bounded caches of its own.
///
/// Gives exactly the IDs of ``WordPieceTokenizer/encode(_:pair:options:)`` without the template.
/// One caller at a time: make one for each thread. Memory is bounded: at most about 12 MiB, taken
/// as the caches fill.
public final class TokenIDEncoder {
  private let tokenizer: WordPieceTokenizer
  private let recognizesSpecialTokens: Bool
  private var chunks: ChunkIDs
  /// IDs are handed on after so many, so that the buffer stays in the processor's cache.
  private static let batchIDs = 4096

  /// An encoder for one thread.
  ///
  /// - Parameters:
  ///   - tokenizer: The tokenizer whose IDs it gives.
  ///   - recognizesSpecialTokens: Whether special tokens in the text are recognised; else they are
  ///     ordinary text.
  public init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool = true) {
    self.tokenizer = tokenizer
    self.recognizesSpecialTokens = recognizesSpecialTokens
    chunks = ChunkIDs(tokenizer, recognizesSpecialTokens: recognizesSpecialTokens)
  }

  /// Appends the token IDs of a text, without the template.
  ///
  /// - Parameters:
  ///   - bytes: The text, valid UTF-8 (see ``UTF8Repair``). Invalid bytes count as U+FFFD, which
  ///     `clean_text` removes.
  ///   - ids: Receives the IDs.
  /// - Complexity: O(bytes) for text of ordinary words; a chunk that no cache holds takes at most
  ///   the length of the longest vocabulary entry for each of its bytes.
  public func appendTokenIDs(ofUTF8 bytes: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    // An added token with a space in it may cross chunks; none of BERT's has one.
    guard tokenizer.tokensStayInChunks else {
      let tokens = tokenizer.exactTokens(
        ofUTF8: bytes, recognizesSpecialTokens: recognizesSpecialTokens)
      for token in tokens { ids.append(token.id) }
      return
    }
    makeRoom(for: bytes.count, in: &ids)
    var place = 0
    while place < bytes.count {
      place = chunks.append(bytes, from: place, limit: Self.batchIDs)
      chunks.ids.drain(into: &ids)
    }
  }

  /// Room for the IDs of a long text, so that they are not moved time and again.
  private func makeRoom(for byteCount: Int, in ids: inout [Int32]) {
    // Text has three to five bytes a token.
    let expected = ids.count + byteCount / 4
    if byteCount > 1 << 16, expected > ids.capacity {
      ids.reserveCapacity(max(expected, 2 * ids.capacity))
    }
  }

  /// Appends the token IDs of a string, as for its UTF-8 bytes.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - ids: Receives the IDs.
  public func appendTokenIDs(of text: String, to ids: inout [Int32]) {
    var text = text
    text.withUTF8 { appendTokenIDs(ofUTF8: UnsafeRawBufferPointer($0), to: &ids) }
  }
}

extension WordPieceTokenizer {
  /// Appends the token IDs of a text, without the template; special tokens are recognised.
  ///
  /// Has no cache of chunks; a ``TokenIDEncoder`` that is kept for many texts is many times faster.
  ///
  /// - Parameters:
  ///   - bytes: The text, valid UTF-8 (see ``UTF8Repair``).
  ///   - ids: Receives the IDs.
  public func appendTokenIDs(ofUTF8 bytes: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    var encoder = ChunkEncoder(self, recognizesSpecialTokens: true)
    var buffer = OutputBuffer<Int32>(capacity: 1024)
    encoder.append(bytes, to: &buffer)
    buffer.drain(into: &ids)
  }
}

/// The fast path from text to tokens with offsets, with a bounded cache of its own.
///
/// Gives exactly the IDs, offsets and word IDs of ``WordPieceTokenizer/encode(_:pair:options:)``
/// without the template. One caller at a time: make one for each thread. Memory is bounded: at most
/// about 24 MiB, taken as the cache fills.
public final class TokenSpanEncoder {
  private let tokenizer: WordPieceTokenizer
  private let recognizesSpecialTokens: Bool
  private var chunks: ChunkSpans

  /// An encoder for one thread.
  ///
  /// - Parameters:
  ///   - tokenizer: The tokenizer whose tokens it gives.
  ///   - recognizesSpecialTokens: Whether special tokens in the text are recognised; else they are
  ///     ordinary text.
  public init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool = true) {
    self.tokenizer = tokenizer
    self.recognizesSpecialTokens = recognizesSpecialTokens
    chunks = ChunkSpans(tokenizer, recognizesSpecialTokens: recognizesSpecialTokens)
  }

  /// Appends the tokens of a text with their places, without the template.
  ///
  /// - Parameters:
  ///   - bytes: The text, valid UTF-8 (see ``UTF8Repair``). Invalid bytes count as U+FFFD.
  ///   - tokens: Receives the tokens.
  /// - Precondition: The text has less than 4 GiB.
  public func appendTokens(ofUTF8 bytes: UnsafeRawBufferPointer, to tokens: inout [TokenSpan]) {
    precondition(bytes.count < 1 << 32, "places are 32-bit numbers: a text has less than 4 GiB")
    guard tokenizer.offsetsStayInChunks else {
      let exact = tokenizer.exactTokens(
        ofUTF8: bytes, recognizesSpecialTokens: recognizesSpecialTokens)
      tokens.append(contentsOf: exact.lazy.map(TokenSpan.init))
      return
    }
    chunks.append(bytes, to: &tokens)
  }

  /// Appends the tokens of a string, as for its UTF-8 bytes.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - tokens: Receives the tokens.
  public func appendTokens(of text: String, to tokens: inout [TokenSpan]) {
    var text = text
    text.withUTF8 { appendTokens(ofUTF8: UnsafeRawBufferPointer($0), to: &tokens) }
  }
}

/// A token of a text, before the template.
struct AlignedToken {
  let id: Int32
  /// Index of the word among the text's words.
  let wordIndex: Int
  /// Code points of the source.
  let scalars: Range<Int>
  /// Bytes of the source.
  let bytes: Range<Int>
  /// The text that an added token was found as, where that is not its content.
  var text: String?
}

extension WordPieceTokenizer {
  /// Tokenizes a text step by step, with alignment.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8; invalid bytes count as U+FFFD.
  ///   - recognizesSpecialTokens: Whether special tokens in the text are recognised.
  /// - Returns: The tokens in order.
  func exactTokens(
    ofUTF8 bytes: UnsafeRawBufferPointer, recognizesSpecialTokens: Bool
  ) -> [AlignedToken] {
    var pass = ExactPass(
      tokenizer: self, source: SourceText(bytes), recognizesSpecialTokens: recognizesSpecialTokens)
    pass.run()
    return pass.tokens
  }
}

/// One text on its way through the exact path.
private struct ExactPass {
  let tokenizer: WordPieceTokenizer
  let source: SourceText
  let recognizesSpecialTokens: Bool
  var tokens: [AlignedToken] = []
  private var wordIndex = 0
  private var utf8: [UInt8] = []
  private var scalarOfByte: [Int] = []

  init(tokenizer: WordPieceTokenizer, source: SourceText, recognizesSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.source = source
    self.recognizesSpecialTokens = recognizesSpecialTokens
  }

  /// Splits at added tokens of the raw text; each gap is normalized by itself.
  mutating func run() {
    tokenizer.rawMatcher.split(
      source.scalars[...], recognizesSpecialTokens: recognizesSpecialTokens
    ) { range, token in
      if let token {
        append(token, text: source.scalars[range], span: range)
      } else {
        appendGap(
          tokenizer.normalizer.normalize(
            NormalizedText(scalars: source.scalars[range], origin: range.lowerBound)))
      }
    }
  }

  /// Splits at added tokens of the normalized text, and what is left into words.
  private mutating func appendGap(_ text: NormalizedText) {
    tokenizer.normalizedMatcher.split(
      text.scalars[...], recognizesSpecialTokens: recognizesSpecialTokens
    ) { range, token in
      if let token {
        append(token, text: text.scalars[range], span: text.sourceSpan(of: range))
      } else {
        for word in PreTokenizer.words(of: text, in: range) { appendWord(word, of: text) }
      }
    }
  }

  private mutating func append(_ token: AddedToken, text: ArraySlice<UInt32>, span: Range<Int>) {
    var string = String.UnicodeScalarView()
    string.append(contentsOf: text.lazy.compactMap(Unicode.Scalar.init))
    let found = String(string)
    tokens.append(
      AlignedToken(
        id: token.id, wordIndex: wordIndex, scalars: span, bytes: source.byteRange(of: span),
        text: found.utf8.elementsEqual(token.content.utf8) ? nil : found))
    wordIndex += 1
  }

  private mutating func appendWord(_ word: Range<Int>, of text: NormalizedText) {
    utf8.removeAll(keepingCapacity: true)
    scalarOfByte.removeAll(keepingCapacity: true)
    for index in word {
      UTF8Decoder.append(text.scalars[index], to: &utf8)
      while scalarOfByte.count < utf8.count { scalarOfByte.append(index) }
    }
    let firstToken = tokens.count
    func aligned(_ id: Int32, _ normalized: Range<Int>) -> AlignedToken {
      let span = text.sourceSpan(of: normalized)
      return AlignedToken(
        id: id, wordIndex: wordIndex, scalars: span, bytes: source.byteRange(of: span))
    }
    var start = 0
    var isKnown = false
    utf8.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      isKnown = tokenizer.model.segment(base, count: bytes.count, scalarCount: word.count) {
        tokens.append(aligned($0, scalarOfByte[start]..<scalarOfByte[$1 - 1] + 1))
        start = $1
      }
    }
    if !isKnown {
      tokens.removeSubrange(firstToken...)
      tokens.append(aligned(tokenizer.model.unknownID, word))
    }
    wordIndex += 1
  }
}

/// The code points of a text with their places in bytes.
private struct SourceText {
  let scalars: [UInt32]
  /// Byte offset of each code point, and the number of bytes at the end.
  let byteStarts: [Int]

  init(_ bytes: UnsafeRawBufferPointer) {
    var scalars: [UInt32] = []
    var byteStarts: [Int] = []
    scalars.reserveCapacity(bytes.count)
    byteStarts.reserveCapacity(bytes.count + 1)
    var place = 0
    while place < bytes.count {
      let step = UTF8Decoder.step(bytes, at: place)
      scalars.append(step.scalar)
      byteStarts.append(place)
      place += step.length
    }
    byteStarts.append(bytes.count)
    (self.scalars, self.byteStarts) = (scalars, byteStarts)
  }

  func byteRange(of range: Range<Int>) -> Range<Int> {
    byteStarts[range.lowerBound]..<byteStarts[range.upperBound]
  }
}

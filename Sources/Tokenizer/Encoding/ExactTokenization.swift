/// A token of a text, before the template.
struct AlignedToken {
  let id: Int32
  /// Index of the word among the text's words.
  let wordIndex: Int
  /// Code points of the source.
  let scalars: Range<Int>
  /// Bytes of the source.
  let bytes: Range<Int>
}

extension WordPieceTokenizer {
  /// Tokenizes a text step by step, with alignment.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8; invalid bytes count as U+FFFD.
  ///   - recognizesSpecialTokens: Whether special tokens in the text are recognised.
  func exactTokens(
    ofUTF8 bytes: UnsafeRawBufferPointer, recognizesSpecialTokens: Bool
  ) -> [AlignedToken] {
    let source = SourceText(bytes)
    let matcher =
      recognizesSpecialTokens
      ? self.matcher : AddedTokenMatcher(addedTokens.filter { !$0.isSpecial })
    var tokens: [AlignedToken] = []
    var wordIndex = 0
    var scalar = 0
    matcher.split(bytes) { range, id in
      let first = scalar
      while scalar < source.scalars.count, source.byteStarts[scalar] < range.upperBound {
        scalar += 1
      }
      if let id {
        tokens.append(
          AlignedToken(id: id, wordIndex: wordIndex, scalars: first..<scalar, bytes: range))
        wordIndex += 1
      } else {
        appendTokens(of: source, gap: first..<scalar, wordIndex: &wordIndex, to: &tokens)
      }
    }
    return tokens
  }

  /// Tokenizes what lies between added tokens; each gap is normalized by itself.
  private func appendTokens(
    of source: SourceText, gap: Range<Int>, wordIndex: inout Int, to tokens: inout [AlignedToken]
  ) {
    let text = normalizer.normalize(
      NormalizedText(scalars: source.scalars[gap], origin: gap.lowerBound))
    var utf8: [UInt8] = []
    var scalarOfByte: [Int] = []
    for word in PreTokenizer.words(of: text) {
      utf8.removeAll(keepingCapacity: true)
      scalarOfByte.removeAll(keepingCapacity: true)
      for index in word {
        UTF8Decoder.append(text.scalars[index], to: &utf8)
        while scalarOfByte.count < utf8.count { scalarOfByte.append(index) }
      }
      let firstToken = tokens.count
      func append(_ id: Int32, _ normalized: Range<Int>) {
        let span = text.sourceSpan(of: normalized)
        tokens.append(
          AlignedToken(
            id: id, wordIndex: wordIndex, scalars: span, bytes: source.byteRange(of: span)))
      }
      var start = 0
      let isKnown = utf8.withUnsafeBufferPointer { bytes in
        model.segment(bytes, scalarCount: word.count) { id, end in
          append(id, scalarOfByte[start]..<scalarOfByte[end - 1] + 1)
          start = end
        }
      }
      if !isKnown {
        tokens.removeSubrange(firstToken...)
        append(model.unknownID, word)
      }
      wordIndex += 1
    }
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

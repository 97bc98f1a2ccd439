extension WordPieceTokenizer {
  /// A text to encode, or a pair of texts.
  public struct Input: Sendable, Hashable {
    /// The first sequence.
    public var text: String
    /// The second sequence; nil for a single one.
    public var pair: String?

    /// A text, or a pair of texts.
    ///
    /// - Parameters:
    ///   - text: The first sequence.
    ///   - pair: The second sequence; nil for a single one.
    public init(_ text: String, pair: String? = nil) {
      self.text = text
      self.pair = pair
    }
  }

  /// Encodes a text or a pair.
  ///
  /// Truncation and padding of the tokenizer's files count only where they are asked for, with
  /// ``storedOptions``: as in `transformers`, and unlike `tokenizers`, the call says.
  ///
  /// - Parameters:
  ///   - text: The first sequence.
  ///   - pair: The second sequence; nil for a single one.
  ///   - options: Template, truncation and padding.
  /// - Returns: IDs, strings, offsets, words, types and masks.
  /// - Throws: ``TokenizerError`` where the truncation asked for is impossible: too short a
  ///   maximum, too long a stride, a strategy that cannot be followed.
  public func encode(
    _ text: String, pair: String? = nil, options: EncodeOptions = .default
  ) throws -> Encoding {
    let encoding = try unpadded(
      first: sequence(text, typeID: 0, options),
      second: pair.map { sequence($0, typeID: 1, options) }, options)
    return padded([encoding], options)[0]
  }

  /// Encodes bytes that should be UTF-8.
  ///
  /// Each maximal part that is ill-formed counts as one U+FFFD (see ``UTF8Repair``), which
  /// `clean_text` removes: `a\xFFb` is `ab`. Byte offsets are those of the bytes as given.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - strict: Whether bytes that are not UTF-8 are an error.
  ///   - options: Template, truncation and padding.
  /// - Returns: IDs, strings, offsets, words, types and masks.
  /// - Throws: ``TokenizerError/invalidText(byteOffset:)`` under `strict`; others as for a string.
  public func encode(
    utf8 bytes: UnsafeRawBufferPointer, strict: Bool = false, options: EncodeOptions = .default
  ) throws -> Encoding {
    if strict, let offset = UTF8Repair.repair(bytes).firstInvalidOffset {
      throw TokenizerError.invalidText(byteOffset: offset)
    }
    var sequence = Encoding()
    append(bytes, typeID: 0, givenWord: nil, options, to: &sequence)
    return padded([try unpadded(first: sequence, second: nil, options)], options)[0]
  }

  /// Encodes a text that is already split into words.
  ///
  /// Each word is normalized by itself; word IDs are indices of the given words (an empty one
  /// counts), and offsets are relative to each word.
  ///
  /// - Parameters:
  ///   - words: The words of the first sequence.
  ///   - pair: The words of the second sequence; nil for a single one.
  ///   - options: Template, truncation and padding.
  /// - Returns: IDs, strings, offsets, words, types and masks.
  /// - Throws: ``TokenizerError`` as for a text that is not split.
  public func encode(
    words: [String], pair: [String]? = nil, options: EncodeOptions = .default
  ) throws -> Encoding {
    let encoding = try unpadded(
      first: sequence(words: words, typeID: 0, options),
      second: pair.map { sequence(words: $0, typeID: 1, options) }, options)
    return padded([encoding], options)[0]
  }

  /// Encodes several texts or pairs, padded to a common length if padding is asked for.
  ///
  /// - Parameters:
  ///   - batch: The texts or pairs.
  ///   - options: Template, truncation and padding.
  /// - Returns: An encoding each, in the order given.
  /// - Throws: ``TokenizerError`` as for a single text.
  public func encode(
    batch: [Input], options: EncodeOptions = .default
  ) throws -> [Encoding] {
    let encodings = try batch.map { input in
      try unpadded(
        first: sequence(input.text, typeID: 0, options),
        second: input.pair.map { sequence($0, typeID: 1, options) }, options)
    }
    return padded(encodings, options)
  }

  private func sequence(_ text: String, typeID: Int32, _ options: EncodeOptions) -> Encoding {
    var encoding = Encoding()
    append(text, typeID: typeID, givenWord: nil, options, to: &encoding)
    return encoding
  }

  private func sequence(
    words: [String], typeID: Int32, _ options: EncodeOptions
  ) -> Encoding {
    var encoding = Encoding()
    for (index, word) in words.enumerated() {
      append(word, typeID: typeID, givenWord: index, options, to: &encoding)
    }
    return encoding
  }

  private func append(
    _ text: String, typeID: Int32, givenWord: Int?, _ options: EncodeOptions,
    to encoding: inout Encoding
  ) {
    var text = text
    text.withUTF8 {
      append(
        UnsafeRawBufferPointer($0), typeID: typeID, givenWord: givenWord, options, to: &encoding)
    }
  }

  private func append(
    _ bytes: UnsafeRawBufferPointer, typeID: Int32, givenWord: Int?, _ options: EncodeOptions,
    to encoding: inout Encoding
  ) {
    let tokens = exactTokens(
      ofUTF8: bytes, recognizesSpecialTokens: options.recognizesSpecialTokens)
    for token in tokens {
      encoding.append(
        Encoding.Item(
          id: token.id, token: token.text ?? self.token(token.id), typeID: typeID,
          wordID: Int32(clamping: givenWord ?? token.wordIndex), offsets: token.scalars,
          byteOffsets: token.bytes))
    }
  }

  private func unpadded(
    first: Encoding, second: Encoding?, _ options: EncodeOptions
  ) throws -> Encoding {
    var firstParts = [0..<first.count]
    var secondParts = second.map { [0..<$0.count] }
    if let truncation = options.truncation {
      let added =
        options.addsSpecialTokens ? Template.specialTokenCount(isPair: second != nil) : 0
      guard truncation.maxLength >= added else {
        throw TokenizerError.maxLengthTooShort(
          maxLength: truncation.maxLength, specialTokens: added)
      }
      // As the reference does, refuse a stride that can never work, whatever the text.
      let room = truncation.maxLength - Template.specialTokenCount(isPair: false)
      guard !options.addsSpecialTokens || truncation.stride <= room else {
        throw TokenizerError.strideTooLong(stride: truncation.stride, keptLength: room)
      }
      let kept = try truncation.keptLengths(
        first: first.count, second: second?.count, room: truncation.maxLength - added)
      firstParts = try truncation.parts(count: first.count, keeping: kept.first)
      if let second {
        secondParts = try truncation.parts(count: second.count, keeping: kept.second)
      }
    }
    let template = Template(
      specialTokens: specialTokens, addsSpecialTokens: options.addsSpecialTokens)
    return template.apply(
      first: EncodingParts(whole: first, ranges: firstParts),
      second: second.map { EncodingParts(whole: $0, ranges: secondParts ?? [0..<$0.count]) })
  }

  private func padded(_ encodings: [Encoding], _ options: EncodeOptions) -> [Encoding] {
    guard let padding = options.padding else { return encodings }
    let target = padding.target(longest: encodings.map(\.count).max() ?? 0)
    let item = Encoding.Item(
      id: padding.id ?? specialTokens.padID, token: padding.token ?? specialTokens.names.pad,
      typeID: padding.typeID, attention: 0, isSpecial: 1)
    return encodings.map { $0.padded(to: target, with: item, on: padding.direction) }
  }
}

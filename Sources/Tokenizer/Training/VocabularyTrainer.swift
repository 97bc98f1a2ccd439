/// Makes a WordPiece vocabulary from counted words, as the reference's trainer does.
///
/// The words are written in single characters, those that continue a word with `##`; characters
/// outside the alphabet are passed over, so that their neighbours become neighbours. Then the
/// commonest pair of neighbouring tokens is joined, again and again; of equally common pairs, the
/// one of lower IDs. The same words give the same tokens.
///
///     let counter = WordCounter(options: .uncased)
///     counter.count("the text …")
///     let trained = try VocabularyTrainer().train(WordCounts(merging: [counter]))
///     try trained.tokenizer(options: .uncased).save(to: folder)
///
/// - Source: `WordPieceTrainer` of Hugging Face `tokenizers` 0.23.3, by its behaviour. There, the
///   order of the `##` forms of the alphabet, and with it that of equally common pairs, changes
///   from run to run.
public struct VocabularyTrainer: Sendable {
  /// What the vocabulary is to be.
  public let options: VocabularyTrainingOptions

  /// A trainer.
  ///
  /// - Parameter options: What the vocabulary is to be.
  /// - Throws: ``TokenizerError/invalidTrainingOption(name:value:allowed:)``.
  public init(options: VocabularyTrainingOptions = VocabularyTrainingOptions()) throws {
    try options.validate()
    self.options = options
  }

  /// Makes a vocabulary.
  ///
  /// - Parameters:
  ///   - words: The words of the text.
  ///   - progress: Called now and then with the tokens that are there.
  /// - Returns: The vocabulary; it is smaller than asked for where no pair occurs often enough.
  /// - Throws: ``TokenizerError/emptyTrainingText`` where there are no words, and
  ///   ``TokenizerError/vocabularySizeTooSmall(size:specialTokens:characters:)`` where there is no
  ///   room for the alphabet.
  /// - Complexity: Memory of about 40 bytes for each byte of the distinct words.
  public func train(
    _ words: WordCounts, progress: (_ tokens: Int) -> Void = { _ in }
  ) throws -> TrainedVocabulary {
    guard words.distinctWords > 0 else { throw TokenizerError.emptyTrainingText }
    let alphabet = TrainingAlphabet(
      of: words, limit: options.alphabetLimit, initial: options.initialAlphabet)
    var tokens = ByteStringTable()
    for token in options.specialTokens {
      _ = Array(token.utf8).withUnsafeBytes { tokens.insert($0) }
    }
    let specialTokens = tokens.count
    let (first, continuing) = Self.insert(alphabet, into: &tokens)
    guard tokens.count <= options.size else {
      throw TokenizerError.vocabularySizeTooSmall(
        size: options.size, specialTokens: specialTokens, characters: tokens.count - specialTokens)
    }
    var joiner = PairJoiner(
      SegmentedWords(words, first: first, continuing: continuing),
      minFrequency: options.minFrequency)
    var merges = 0
    var joined: [UInt8] = []
    while tokens.count < options.size, let candidate = joiner.next() {
      let (left, right) = PairJoiner.tokens(of: candidate.pair)
      joined.removeAll(keepingCapacity: true)
      tokens.withBytes(at: Int(left)) { joined += $0 }
      tokens.withBytes(at: Int(right)) {
        joined += $0.starts(with: WordPieceTrie.prefix) ? $0.dropFirst(2) : $0[...]
      }
      let token = Int32(joined.withUnsafeBytes { tokens.insert($0) })
      joiner.join(candidate, into: token, tokenCount: tokens.count)
      merges += 1
      if merges & 0xFF == 0 { progress(tokens.count) }
    }
    progress(tokens.count)
    return TrainedVocabulary(
      tokens: (0..<tokens.count).map { index in
        tokens.withBytes(at: index) { String(decoding: $0, as: UTF8.self) }
      },
      specialTokens: specialTokens, alphabet: alphabet.kept.count,
      droppedCharacters: alphabet.dropped.count, droppedOccurrences: alphabet.droppedOccurrences,
      merges: merges)
  }

  /// Puts the characters and their `##` forms in, in order of code points.
  ///
  /// - Returns: The token of each code point at the first place of a word and at the others; -1
  ///   for one outside the alphabet.
  private static func insert(
    _ alphabet: TrainingAlphabet, into tokens: inout ByteStringTable
  ) -> (first: [Int32], continuing: [Int32]) {
    var first = [Int32](repeating: -1, count: 0x11_0000)
    var continuing = first
    var bytes: [UInt8] = []
    for scalar in alphabet.kept {
      bytes.removeAll(keepingCapacity: true)
      UTF8Decoder.append(scalar, to: &bytes)
      first[Int(scalar)] = Int32(bytes.withUnsafeBytes { tokens.insert($0) })
    }
    // A special token of one character keeps that character in the text, as in the reference.
    for scalar in alphabet.dropped {
      bytes.removeAll(keepingCapacity: true)
      UTF8Decoder.append(scalar, to: &bytes)
      if let index = bytes.withUnsafeBytes({ tokens.index(of: $0) }) {
        first[Int(scalar)] = Int32(index)
      }
    }
    for scalar in alphabet.continuing where first[Int(scalar)] >= 0 {
      bytes = WordPieceTrie.prefix
      UTF8Decoder.append(scalar, to: &bytes)
      continuing[Int(scalar)] = Int32(bytes.withUnsafeBytes { tokens.insert($0) })
    }
    return (first, continuing)
  }
}

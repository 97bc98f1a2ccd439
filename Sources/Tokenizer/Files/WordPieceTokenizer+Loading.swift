public import Foundation

extension WordPieceTokenizer {
  /// Loads the tokenizer of a model folder in the Hugging Face layout.
  ///
  /// Reads `vocab.txt` or the vocabulary of `tokenizer.json`; where both are present they have to
  /// agree (`transformers` would take the latter). Then, where they are present, all else of
  /// `tokenizer.json`, `special_tokens_map.json` and `tokenizer_config.json`; the later ones have
  /// the last word. A `vocab.txt` alone is an uncased tokenizer with BERT's special tokens.
  ///
  /// - Parameter folder: The model's folder.
  /// - Returns: The tokenizer.
  /// - Throws: ``TokenizerError`` where a file is missing, malformed or asks for what is not
  ///   supported, and where two files contradict each other.
  public static func load(folder: URL) throws -> WordPieceTokenizer {
    let vocabulary = TokenizerFiles.existing(TokenizerFiles.vocabulary, in: folder)
    let fastTokenizer = TokenizerFiles.existing(TokenizerFiles.fastTokenizer, in: folder)
    guard vocabulary != nil || fastTokenizer != nil else {
      throw TokenizerError.missingFile(
        path: folder.appending(path: TokenizerFiles.vocabulary).path,
        advice: "give the folder of a model that has it, or a \(TokenizerFiles.fastTokenizer)")
    }
    return try load(
      vocabularyFile: vocabulary,
      configurationFile: TokenizerFiles.existing(TokenizerFiles.configuration, in: folder),
      specialTokensFile: TokenizerFiles.existing(TokenizerFiles.specialTokens, in: folder),
      fastTokenizerFile: fastTokenizer)
  }

  /// Loads a tokenizer from single files.
  ///
  /// - Parameters:
  ///   - vocabularyFile: A `vocab.txt`, or a `tokenizer.json`, known by the ending `.json`.
  ///   - configurationFile: A `tokenizer_config.json`; nil for none, which with a `vocab.txt` means
  ///     an uncased tokenizer with BERT's special tokens.
  /// - Returns: The tokenizer.
  /// - Throws: ``TokenizerError`` where a file is missing, malformed or asks for what is not
  ///   supported.
  public static func load(
    vocabularyFile: URL, configurationFile: URL? = nil
  ) throws -> WordPieceTokenizer {
    let isFast = vocabularyFile.pathExtension == "json"
    return try load(
      vocabularyFile: isFast ? nil : vocabularyFile, configurationFile: configurationFile,
      specialTokensFile: nil, fastTokenizerFile: isFast ? vocabularyFile : nil)
  }

  private static func load(
    vocabularyFile: URL?, configurationFile: URL?, specialTokensFile: URL?, fastTokenizerFile: URL?
  ) throws -> WordPieceTokenizer {
    let fastTokenizer = try fastTokenizerFile.map(FastTokenizerFile.init)
    let vocabulary: Vocabulary
    if let vocabularyFile {
      vocabulary = try Vocabulary.load(contentsOf: vocabularyFile)
    } else if let fastTokenizer {
      vocabulary = try fastTokenizer.loadVocabulary()
    } else {
      preconditionFailure("a vocabulary comes from one of two files")
    }
    let configuration = try TokenizerConfiguration(
      configuration: configurationFile, specialTokens: specialTokensFile,
      fastTokenizer: fastTokenizer?.object, isComplete: vocabularyFile == nil,
      vocabulary: vocabulary)
    if let vocabularyFile {
      try fastTokenizer?.vocabulary?.check(against: vocabulary, of: vocabularyFile.path)
    }
    return try WordPieceTokenizer(
      vocabulary: vocabulary, options: configuration.options,
      specialTokenNames: configuration.names, addedTokens: configuration.addedTokens,
      maxInputCharsPerWord: configuration.maxInputCharsPerWord,
      cleansUpDecodedText: configuration.cleansUpDecodedText,
      storedOptions: configuration.storedOptions,
      source: vocabularyFile?.path ?? fastTokenizerFile?.path ?? "given")
  }
}

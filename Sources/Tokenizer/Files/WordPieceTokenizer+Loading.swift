public import Foundation

extension WordPieceTokenizer {
  /// Loads the tokenizer of a model folder in the Hugging Face layout.
  ///
  /// Reads `vocab.txt`, and where they are present `tokenizer.json` (flags and added tokens),
  /// `special_tokens_map.json` and `tokenizer_config.json`. Without any of these it is an uncased
  /// tokenizer with BERT's special tokens.
  ///
  /// - Parameter folder: The model's folder.
  /// - Returns: The tokenizer.
  /// - Throws: ``TokenizerError`` where a file is missing, malformed or asks for what is not
  ///   supported.
  public static func load(folder: URL) throws -> WordPieceTokenizer {
    try load(
      vocabularyFile: folder.appending(path: TokenizerFiles.vocabulary),
      configurationFile: TokenizerFiles.existing(TokenizerFiles.configuration, in: folder),
      specialTokensFile: TokenizerFiles.existing(TokenizerFiles.specialTokens, in: folder),
      fastTokenizerFile: TokenizerFiles.existing(TokenizerFiles.fastTokenizer, in: folder))
  }

  /// Loads a tokenizer from single files.
  ///
  /// - Parameters:
  ///   - vocabularyFile: A `vocab.txt`.
  ///   - configurationFile: A `tokenizer_config.json`; nil for an uncased tokenizer with BERT's
  ///     special tokens.
  /// - Returns: The tokenizer.
  /// - Throws: ``TokenizerError`` where a file is missing, malformed or asks for what is not
  ///   supported.
  public static func load(
    vocabularyFile: URL, configurationFile: URL? = nil
  ) throws -> WordPieceTokenizer {
    try load(
      vocabularyFile: vocabularyFile, configurationFile: configurationFile,
      specialTokensFile: nil, fastTokenizerFile: nil)
  }

  private static func load(
    vocabularyFile: URL, configurationFile: URL?, specialTokensFile: URL?, fastTokenizerFile: URL?
  ) throws -> WordPieceTokenizer {
    let vocabulary = try Vocabulary.load(contentsOf: vocabularyFile)
    let configuration = try TokenizerConfiguration(
      configuration: configurationFile, specialTokens: specialTokensFile,
      fastTokenizer: fastTokenizerFile, vocabulary: vocabulary)
    return try WordPieceTokenizer(
      vocabulary: vocabulary, options: configuration.options,
      specialTokenNames: configuration.names, addedTokens: configuration.addedTokens,
      source: vocabularyFile.path)
  }
}

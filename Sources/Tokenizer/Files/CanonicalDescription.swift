extension WordPieceTokenizer {
  /// Every byte that determines tokenization, in a fixed order; equal for equal tokenizers.
  ///
  /// Hash it to name a tokenizer. Lines of `key value`, strings preceded by their length in bytes:
  /// version, flags, special tokens, added tokens, vocabulary in order of IDs.
  public var canonicalDescription: [UInt8] {
    var description: [UInt8] = []
    func line(_ text: String) {
      description += Array(text.utf8)
      description.append(UInt8(ascii: "\n"))
    }
    line("wordpiece 1 tokenizers-0.23")
    line("clean_text \(options.cleanText ? 1 : 0)")
    line("handle_chinese_chars \(options.handleChineseChars ? 1 : 0)")
    line("strip_accents \(options.stripsAccents ? 1 : 0)")
    line("lowercase \(options.lowercase ? 1 : 0)")
    line("max_input_chars_per_word \(WordPieceModel.maxInputCharsPerWord)")
    let ids = [
      specialTokens.padID, specialTokens.unknownID, specialTokens.classifyID,
      specialTokens.separatorID, specialTokens.maskID,
    ]
    for ((role, token), id) in zip(specialTokens.names.byRole, ids) {
      line("\(role) \(id) \(token.utf8.count) \(token)")
    }
    line("added \(addedTokens.count)")
    for token in addedTokens {
      line("\(token.id) \(token.isSpecial ? 1 : 0) \(token.content.utf8.count) \(token.content)")
    }
    line("vocabulary \(vocabulary.count)")
    for token in vocabulary.tokens { line("\(token.utf8.count) \(token)") }
    return description
  }
}

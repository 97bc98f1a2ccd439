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
    line("max_input_chars_per_word \(model.maxInputCharsPerWord)")
    let ids = [
      specialTokens.padID, specialTokens.unknownID, specialTokens.classifyID,
      specialTokens.separatorID, specialTokens.maskID,
    ]
    for ((role, token), id) in zip(specialTokens.names.byRole, ids) {
      line("\(role) \(id) \(token.utf8.count) \(token)")
    }
    line("added \(addedTokens.count)")
    for token in addedTokens {
      // Flags are named where they are set, so that digests made before they existed still hold.
      let flags = [
        token.normalized ? " normalized" : "", token.singleWord ? " single_word" : "",
        token.lstrip ? " lstrip" : "", token.rstrip ? " rstrip" : "",
      ].joined()
      line(
        "\(token.id) \(token.isSpecial ? 1 : 0) \(token.content.utf8.count) \(token.content)\(flags)"
      )
    }
    line("vocabulary \(vocabulary.count)")
    vocabulary.forEachToken { token in
      description += Array("\(token.count) ".utf8)
      description += token
      description.append(UInt8(ascii: "\n"))
    }
    return description
  }
}

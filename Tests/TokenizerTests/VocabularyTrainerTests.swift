import Testing
import Tokenizer

struct VocabularyTrainerTests {
  /// Trains on words with their counts.
  private func train(
    _ words: [(String, UInt64)], size: Int = 100, minFrequency: UInt64 = 1, limit: Int = 1000,
    initial: String = "", special: [String] = []
  ) throws -> TrainedVocabulary {
    let counter = WordCounter()
    for (word, count) in words { counter.count(word, weight: count) }
    return try VocabularyTrainer(
      options: VocabularyTrainingOptions(
        size: size, minFrequency: minFrequency, alphabetLimit: limit, initialAlphabet: initial,
        specialTokens: special)
    ).train(WordCounts(merging: [counter]))
  }

  @Test func theAlphabetComesInOrderOfCodePointsAndThenItsContinuations() throws {
    let trained = try train([("cab", 1), ("é", 1), ("漢字", 1)], size: 8, minFrequency: 9)
    #expect(trained.tokens == ["a", "b", "c", "e", "字", "漢", "##a", "##b"])
    #expect(trained.alphabet == 6)
    #expect(trained.merges == 0)
  }

  @Test func theCommonestPairIsJoinedFirst() throws {
    let trained = try train([("ab", 2), ("cd", 3)])
    #expect(trained.tokens.suffix(2) == ["cd", "ab"])
  }

  @Test func ofEquallyCommonPairsThatOfLowerIDsIsJoinedFirst() throws {
    // Special tokens come first: "cd" begins with the lower ID where "c" is one.
    #expect(try train([("cd", 2), ("ab", 2)]).tokens.suffix(2) == ["ab", "cd"])
    #expect(try train([("cd", 2), ("ab", 2)], special: ["c"]).tokens.suffix(2) == ["cd", "ab"])
    // The left half decides before the right one: IDs are a, b, c, ##b, ##c.
    let trained = try train([("bb", 2), ("ac", 2), ("ab", 2), ("c", 1)])
    #expect(trained.tokens == ["a", "b", "c", "##b", "##c", "ab", "ac", "bb"])
  }

  @Test func overlappingPairsAreJoinedFromTheLeft() throws {
    // a ##a ##a ##a becomes a ##aa ##a; from the right it would be a ##a ##aa.
    let trained = try train([("aaaa", 3)])
    #expect(trained.tokens == ["a", "##a", "##aa", "aaa", "aaaa"])
  }

  @Test func pairsBelowTheLeastFrequencyAreNotJoined() throws {
    let words: [(String, UInt64)] = [("ab", 3), ("cd", 2), ("ef", 1)]
    for (frequency, joined) in [(0, ["ab", "cd", "ef"]), (2, ["ab", "cd"]), (3, ["ab"]), (4, [])] {
      let trained = try train(words, minFrequency: UInt64(frequency))
      #expect(trained.tokens.dropFirst(9) == joined[...])
    }
  }

  @Test func theLimitKeepsTheCommonestCharactersAndOfEqualOnesTheLowest() throws {
    let words: [(String, UInt64)] = [("d", 5), ("c", 2), ("b", 2), ("a", 1)]
    let trained = try train(words, limit: 2)
    #expect(trained.tokens == ["b", "d"])
    #expect(trained.droppedCharacters == 2)
    #expect(trained.droppedOccurrences == 3)
    #expect(try train(words, limit: 3).tokens == ["b", "c", "d"])
    #expect(try train(words, limit: 2, initial: "az").tokens == ["a", "z"])
  }

  @Test func neighboursOfACharacterOutsideTheAlphabetAreJoined() throws {
    let trained = try train([("axb", 3), ("a", 1), ("b", 1)], limit: 2)
    #expect(trained.tokens == ["a", "b", "##b", "ab"])
    // What follows a lost first character continues a word that has no beginning.
    #expect(try train([("xab", 3), ("a", 1), ("b", 1)], limit: 2).tokens.last == "##ab")
  }

  @Test func countsMayBeGreaterThan32BitsHold() throws {
    let huge: UInt64 = 1 << 40
    let trained = try train([("ab", huge), ("cd", huge + 1), ("abe", 1 << 33)], minFrequency: huge)
    #expect(trained.tokens.suffix(2) == ["ab", "cd"])
    #expect(try train([("ab", huge), ("cd", huge + 1)]).tokens.suffix(2) == ["cd", "ab"])
  }

  @Test func specialTokensComeFirstAndInTextAreText() throws {
    let bert = VocabularyTrainingOptions.bertSpecialTokens
    let trained = try train([("[MASK] mask", 4)], special: bert + ["[PAD]", "mask"])
    #expect(trained.specialTokens == 6)
    #expect(trained.tokens.prefix(8) == bert[...] + ["mask", "[", "]"])
    #expect(trained.tokens.filter { $0 == "mask" }.count == 1)
    let tokenizer = try trained.tokenizer(options: .uncased)
    #expect(tokenizer.id(of: "mask") == 5)
    #expect(tokenizer.addedTokens.map(\.content) == bert + ["mask"])
  }

  @Test func aSpecialTokenThatIsJoinedKeepsItsID() throws {
    // Its ID is below those of all characters that stand beside it.
    let trained = try train([("abz", 5)], special: ["ab"])
    #expect(trained.tokens == ["ab", "a", "b", "z", "##b", "##z", "abz"])
    #expect(trained.merges == 2)
  }

  @Test func aTextThatGivesTooFewTokensGivesASmallerVocabulary() throws {
    #expect(try train([("ab", 2)], size: 1000).tokens == ["a", "b", "##b", "ab"])
  }

  @Test func whatCannotBeTrainedIsRefused() throws {
    #expect(throws: TokenizerError.emptyTrainingText) { try train([(" \n", 1)]) }
    #expect(
      throws: TokenizerError.vocabularySizeTooSmall(size: 5, specialTokens: 1, characters: 5)
    ) {
      try train([("abc", 1)], size: 5, special: ["[UNK]"])
    }
    for options in [
      VocabularyTrainingOptions(size: 0), VocabularyTrainingOptions(alphabetLimit: 0),
      VocabularyTrainingOptions(initialAlphabet: "a b"),
      VocabularyTrainingOptions(specialTokens: [""]),
      VocabularyTrainingOptions(specialTokens: ["[A] "]),
      VocabularyTrainingOptions(specialTokens: ["a\nb"]),
    ] {
      #expect(throws: TokenizerError.self) { try VocabularyTrainer(options: options) }
    }
  }
}

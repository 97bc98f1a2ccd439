import Foundation
import Testing
import Tokenizer

/// Vocabularies equal to those of Hugging Face `tokenizers` 0.23.3, token by token.
///
/// `Reference/train-vocab.json` is what `train_vocab.py > train-vocab.json` there prints.
struct TrainerReferenceTests {
  private struct Case: Decodable {
    /// The text; nil for that of `train-vocab.txt`.
    let text: String?
    let size: Int
    let min_frequency: UInt64
    let alphabet_limit: Int
    let initial_alphabet: String
    let lowercase: Bool
    let special_tokens: [String]
    let vocabulary: [String]
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Reference")

  @Test func vocabulariesAreThoseOfTheReferenceInItsOrder() throws {
    let file = try Data(contentsOf: Self.folder.appending(path: "train-vocab.json"))
    let cases = try JSONDecoder().decode([Case].self, from: file)
    #expect(cases.count == 7)
    let whole = try String(
      contentsOf: Self.folder.appending(path: "train-vocab.txt"), encoding: .utf8)
    for (number, reference) in cases.enumerated() {
      let flags: NormalizerOptions = reference.lowercase ? .uncased : .cased
      let counter = WordCounter(options: flags)
      counter.count(reference.text ?? whole)
      let trainer = try VocabularyTrainer(
        options: VocabularyTrainingOptions(
          size: reference.size, minFrequency: reference.min_frequency,
          alphabetLimit: reference.alphabet_limit, initialAlphabet: reference.initial_alphabet,
          specialTokens: reference.special_tokens))
      let trained = try trainer.train(WordCounts(merging: [counter]))
      // As bytes: Swift's strings are equal where they differ in composition only.
      #expect(
        trained.tokens.map { Array($0.utf8) } == reference.vocabulary.map { Array($0.utf8) },
        "case \(number)")
    }
  }
}

import Corpus
import Foundation
import TestSupport
import Testing
import Tokenizer

/// Where documents are cut, whatever the units in which they are read.
@Suite struct CutTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  /// The sequences of a text, each token as it is in the vocabulary.
  private func sequences(
    _ text: String, maxLength: Int, unit: DocumentUnit = .file, unitBytes: Int = 1 << 20,
    name: String = "t.txt", change: (inout CorpusOptions) -> Void
  ) throws -> [String] {
    var options = CorpusOptions(maxLength: maxLength, documentUnit: unit)
    change(&options)
    let tokenizer = try scratch.letterTokenizer(
      extra: ["##b", "##c", ".", "!", "?", "\"", ")", "。", "1", "5"])
    let folder = scratch.url.appending(path: "corpus-\(UUID().uuidString)")
    _ = try CorpusBuilder(
      tokenizer: tokenizer, options: options, jobs: 2, unitBytes: unitBytes
    ).build(inputs: [scratch.write(name, text)], into: folder)
    let corpus = try TokenizedCorpus.open(folder: folder)
    try corpus.verify()
    return try (0..<corpus.blockCount).flatMap { number in
      let block = try corpus.block(number)
      return (0..<block.count).map { index in
        block.sequence(index).dropFirst().dropLast().map { tokenizer.token($0) }
          .joined(separator: " ")
      }
    }
  }

  @Test func wordsAreCutOnlyWhereOneIsLongerThanASequence() throws {
    let text = "a abc ab\nx abcbcbc y"
    for unitBytes in [1, 9, 1 << 20] {
      #expect(
        try sequences(text, maxLength: 6, unitBytes: unitBytes) { $0.cut = .word }
          == ["a a ##b ##c", "a ##b x", "a ##b ##c ##b", "##c ##b ##c y"])
      #expect(
        try sequences(text, maxLength: 6, unitBytes: unitBytes) { $0.cut = .token }
          == ["a a ##b ##c", "a ##b x a", "##b ##c ##b ##c", "##b ##c y"])
    }
  }

  @Test func sentencesAreKeptWholeWhereTheyFit() throws {
    let text = "A b abc. D e! F \"g abc.\" I j k l m n o p ab. R s\nt. u"
    for unitBytes in [1, 20, 1 << 20] {
      #expect(
        try sequences(text, maxLength: 12, unitBytes: unitBytes) { $0.cut = .sentence }
          == [
            "a b a ##b ##c . d e !", "f \" g a ##b ##c . \"", "i j k l m n o p a ##b",
            ". r s t . u",
          ])
    }
  }

  @Test func stopsWithinSentencesEndNone() throws {
    // An initial, a number, and an abbreviation before a lower-case letter.
    #expect(
      try sequences("X. J. Y 1.5 ab. c d E f", maxLength: 8) { $0.cut = .sentence }
        == ["x . j . y 1", ". 5 a ##b . c", "d e f"])
  }

  @Test func fullWidthStopsEndSentencesWithoutSpace() throws {
    #expect(
      try sequences("a b。c d。e f", maxLength: 8) { $0.cut = .sentence }
        == ["a b 。 c d 。", "e f"])
  }

  @Test func oneSequenceADocumentDropsTheRest() throws {
    let text = "a b c d e\nf g\nh abc\n\ni j k\n"
    for unitBytes in [1, 1 << 20] {
      #expect(
        try sequences(text, maxLength: 5, unit: .line, unitBytes: unitBytes) {
          $0.onePerDocument = true
          $0.cut = .word
        } == ["a b c", "f g", "h", "i j k"])
    }
    // A document that goes on through many units.
    #expect(
      try sequences("a b\nc\nd e\n\nf\n", maxLength: 5, unit: .paragraph, unitBytes: 1) {
        $0.onePerDocument = true
      } == ["a b c", "f"])
  }

  @Test func packedSequencesAreCutLikeOthers() throws {
    for unitBytes in [1, 1 << 20] {
      #expect(
        try sequences("a b\nabc x\ny abc\nz", maxLength: 6, unit: .line, unitBytes: unitBytes) {
          $0.mixDocuments = true
          $0.cut = .word
        } == ["a b", "a ##b ##c x", "y a ##b ##c", "z"])
    }
  }

  @Test func unitsChangeNothing() throws {
    var random = SeededGenerator(seed: 5)
    let words = ["a", "abc", "ab.", "x!", "y", "z?\"", "\n", "\n\n", "b"]
    let text = (0..<400).map { _ in words.randomElement(using: &random) ?? "a" }
      .joined(separator: " ")
    for unit in DocumentUnit.allCases {
      for cut in CutPoint.allCases {
        for mixes in [false, true] {
          let found = try [1, 37, 1 << 20].map { unitBytes in
            try sequences(text, maxLength: 9, unit: unit, unitBytes: unitBytes) {
              $0.cut = cut
              $0.mixDocuments = mixes
            }
          }
          #expect(found[0] == found[2] && found[1] == found[2], "\(unit), \(cut), \(mixes)")
        }
      }
    }
  }
}

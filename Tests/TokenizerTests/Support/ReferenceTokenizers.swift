import Foundation
import TestSupport
import Testing
import Tokenizer

/// Tokenizers over the vocabularies that the reference used.
enum ReferenceTokenizers {
  static let uncasedVocabulary = SharedFixtures.root
    .appending(path: "data/tokenizers/bert-base-uncased/vocab.txt")
  static let casedVocabulary = SharedFixtures.root
    .appending(path: "data/tokenizers/bert-base-cased/vocab.txt")

  static func named(_ name: String) throws -> WordPieceTokenizer {
    switch name {
    case "uncased": try make(uncasedVocabulary, .uncased)
    case "cased": try make(casedVocabulary, .cased)
    // The flags of `cases.jsonl`, all with the uncased vocabulary.
    case "cased_flags": try make(uncasedVocabulary, .cased)
    case "cased_strip":
      try make(uncasedVocabulary, NormalizerOptions(stripAccents: true, lowercase: false))
    case "lower_nostrip": try make(uncasedVocabulary, NormalizerOptions(stripAccents: false))
    case "no_cjk": try make(uncasedVocabulary, NormalizerOptions(handleChineseChars: false))
    default: throw ReferenceFile.Failure(path: name)
    }
  }

  /// Every combination of flags, with the uncased vocabulary.
  static func allFlags() throws -> [WordPieceTokenizer] {
    let vocabulary = try Vocabulary.load(contentsOf: uncasedVocabulary)
    var all: [WordPieceTokenizer] = []
    for bits in 0..<16 {
      let options = NormalizerOptions(
        cleanText: bits & 1 != 0, handleChineseChars: bits & 2 != 0, stripAccents: bits & 4 != 0,
        lowercase: bits & 8 != 0)
      all.append(try WordPieceTokenizer(vocabulary: vocabulary, options: options))
    }
    return all
  }

  /// Tokenizers with tokens of every flag besides the special ones.
  static func withAddedTokens() throws -> [WordPieceTokenizer] {
    let vocabulary = try Vocabulary.load(contentsOf: uncasedVocabulary)
    let sets: [[AddedToken]] = [
      [],
      [AddedToken(content: "FooBar", id: 30_522, isSpecial: false, normalized: true)],
      [AddedToken(content: "<ent>", id: 30_522, isSpecial: false, singleWord: true)],
      [
        AddedToken(content: "<ent>", id: 30_522, lstrip: true),
        AddedToken(content: "<SEP>", id: 30_523, isSpecial: false, normalized: true, rstrip: true),
      ],
      [AddedToken(content: "the un", id: 30_522, isSpecial: false)],
    ]
    return try sets.map { try WordPieceTokenizer(vocabulary: vocabulary, addedTokens: $0) }
  }

  private static func make(_ url: URL, _ options: NormalizerOptions) throws -> WordPieceTokenizer {
    try WordPieceTokenizer(vocabulary: Vocabulary.load(contentsOf: url), options: options)
  }
}

extension WordPieceTokenizer {
  /// IDs by the exact path, without the template.
  func exactIDs(_ text: String) throws -> [Int32] {
    try encode(text, options: EncodeOptions(addsSpecialTokens: false)).ids
  }

  /// IDs by the fast path without a cache.
  func uncachedIDs(_ text: String) -> [Int32] {
    var ids: [Int32] = []
    var text = text
    text.withUTF8 { appendTokenIDs(ofUTF8: UnsafeRawBufferPointer($0), to: &ids) }
    return ids
  }
}

extension TokenIDEncoder {
  /// IDs by the cached fast path.
  func ids(_ text: String) -> [Int32] {
    var ids: [Int32] = []
    appendTokenIDs(of: text, to: &ids)
    return ids
  }
}

extension TokenSpanEncoder {
  /// Tokens by the cached fast path.
  func spans(_ text: String) -> [TokenSpan] {
    var spans: [TokenSpan] = []
    appendTokens(of: text, to: &spans)
    return spans
  }
}

extension Encoding {
  /// The tokens as the fast path gives them.
  var spans: [TokenSpan] {
    (0..<count).map {
      TokenSpan(
        id: ids[$0], wordID: wordIDs[$0], start: UInt32(offsets[$0].lowerBound),
        end: UInt32(offsets[$0].upperBound), byteStart: UInt32(byteOffsets[$0].lowerBound),
        byteEnd: UInt32(byteOffsets[$0].upperBound))
    }
  }
}

/// The reference's `[start, end]` and `null` as this package has them.
func ranges(_ pairs: [[Int]]) -> [Range<Int>] { pairs.map { $0[0]..<$0[1] } }
func wordIDs(_ ids: [Int32?]) -> [Int32] { ids.map { $0 ?? -1 } }

/// Byte offsets that belong to offsets in code points.
func byteOffsets(_ offsets: [Range<Int>], in text: String) -> [Range<Int>] {
  var starts = [0]
  for scalar in text.unicodeScalars { starts.append(starts[starts.count - 1] + scalar.utf8Width) }
  return offsets.map { starts[$0.lowerBound]..<starts[$0.upperBound] }
}

extension Unicode.Scalar {
  fileprivate var utf8Width: Int { UTF8.width(self) }
}

/// What a trainer has, against which a cache is checked before it is used.
package struct CacheExpectation: Sendable {
  /// SHA-256 of what determines tokenization; nil where it is not known.
  package var tokenizerDigest: String?
  /// Number of token IDs.
  package var vocabSize: Int?
  /// SHA-256 of the tokenized corpus.
  package var corpusDigest: String?
  /// Number of sequences of the corpus.
  package var sequences: Int?

  /// Expectations of those values; what is nil is not checked.
  package init(
    tokenizerDigest: String? = nil, vocabSize: Int? = nil, corpusDigest: String? = nil,
    sequences: Int? = nil
  ) {
    self.tokenizerDigest = tokenizerDigest
    self.vocabSize = vocabSize
    self.corpusDigest = corpusDigest
    self.sequences = sequences
  }
}

extension CacheReader {
  /// Checks that the cache was made for this tokenizer, vocabulary and corpus.
  ///
  /// - Throws: `LogitCacheError.mismatch`, with every field that differs.
  package func check(_ expectation: CacheExpectation) throws {
    var differences: [FieldDifference] = []
    func compare<Value: Equatable>(_ field: String, _ expected: Value?, _ found: Value) {
      if let expected, expected != found {
        differences.append(
          FieldDifference(field: field, expected: "\(expected)", found: "\(found)"))
      }
    }
    compare("tokenizerDigest", expectation.tokenizerDigest, specification.tokenizerDigest)
    compare("vocabSize", expectation.vocabSize, specification.vocabSize)
    compare("corpusDigest", expectation.corpusDigest, specification.corpusDigest)
    compare("sequences", expectation.sequences, specification.sequences)
    if !differences.isEmpty {
      throw LogitCacheError.mismatch(folder: folderPath, differences: differences)
    }
  }
}

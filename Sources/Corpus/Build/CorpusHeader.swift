/// What all shards of a corpus have in common.
struct CorpusHeader: Equatable, Sendable {
  var tokenizerDigest: String
  var vocabSize: Int
  var specialTokens: CorpusManifest.SpecialTokenIDs
  var maxLength: Int

  /// The metadata of a shard file.
  func metadata(shard: Int) -> [String: String] {
    [
      "kind": "tokenized corpus", "corpus.formatVersion": "\(CorpusManifest.currentVersion)",
      "corpus.shard": "\(shard)", "corpus.tokenizerDigest": tokenizerDigest,
      "corpus.vocabSize": "\(vocabSize)", "corpus.maxLength": "\(maxLength)",
    ]
  }
}

extension CorpusManifest {
  /// What its shards have in common.
  var header: CorpusHeader {
    CorpusHeader(
      tokenizerDigest: tokenizerDigest, vocabSize: vocabSize, specialTokens: specialTokens,
      maxLength: maxLength)
  }
}

import Corpus
import Foundation

/// What the commands keep in a cache's folder beside its shards.
enum CacheFolder {
  private static let tokenizerName = "tokenizer"

  /// Copies the corpus's tokenizer, so that a student of the cache can be exported.
  static func copyTokenizer(of corpus: TokenizedCorpus, to folder: URL) throws {
    try corpus.tokenizer().save(to: tokenizer(in: folder))
  }

  /// The folder of the tokenizer's files.
  static func tokenizer(in folder: URL) -> URL { folder.appending(path: tokenizerName) }
}

import Corpus
import Foundation
import Tokenizer

/// What the commands keep in a cache's folder beside its shards.
enum CacheFolder {
  private static let tokenizerName = "tokenizer"

  /// Copies the corpus's tokenizer, so that a student of the cache can be exported.
  static func copyTokenizer(of corpus: TokenizedCorpus, to folder: URL) throws {
    let target = tokenizer(in: folder)
    let files = FileManager.default
    let names = try files.contentsOfDirectory(
      atPath: corpus.folder.appending(path: tokenizerName).path)
    // What is there may be another process's, and in use.
    if Set((try? files.contentsOfDirectory(atPath: target.path)) ?? []) == Set(names),
      (try? WordPieceTokenizer.load(folder: target))?.corpusDigest
        == corpus.manifest.tokenizerDigest
    {
      return
    }
    try corpus.tokenizer().save(to: target)
  }

  /// Copies the tokenizer of the first cache that has one, where the folder has none.
  static func copyTokenizer(from caches: [URL], to folder: URL) throws {
    let files = FileManager.default
    let target = tokenizer(in: folder)
    guard !files.fileExists(atPath: target.path),
      let source = caches.map(tokenizer).first(where: { files.fileExists(atPath: $0.path) })
    else { return }
    try WordPieceTokenizer.load(folder: source).save(to: target)
  }

  /// The folder of the tokenizer's files.
  static func tokenizer(in folder: URL) -> URL { folder.appending(path: tokenizerName) }
}

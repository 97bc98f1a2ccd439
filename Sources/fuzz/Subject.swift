import ArgumentParser
import Foundation

/// What is damaged and read.
enum Subject: String, CaseIterable, ExpressibleByArgument {
  /// Logit caches.
  case caches
  /// Tokenized corpora.
  case corpora

  /// Sound folders of it, made in a folder.
  func bases(in parent: URL) throws -> [any Base] {
    switch self {
    case .caches: try BaseCache.all(in: parent)
    case .corpora: try BaseCorpus.all(in: parent)
    }
  }

  /// The ways to damage it; each is as likely as another.
  var kinds: [Mutation] {
    switch self {
    case .caches: Mutation.ofCaches
    case .corpora: Mutation.ofCorpora
    }
  }
}

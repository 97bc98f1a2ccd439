import ArgumentParser
import Corpus
import Transformer

/// Whether a model can read a corpus at all.
enum TeacherCheck {
  /// Throws where the vocabularies or lengths do not fit.
  static func check(_ model: EncoderConfiguration, corpus: TokenizedCorpus) throws {
    let manifest = corpus.manifest
    guard model.vocabSize == manifest.vocabSize else {
      throw CommandFailure(
        "the teacher has a vocabulary of \(model.vocabSize), the corpus was tokenized with "
          + "\(manifest.vocabSize) tokens; tokenize it with the teacher's vocab.txt")
    }
    let longest = manifest.lengthHistogram.lastIndex { $0 > 0 } ?? manifest.maxLength
    guard longest <= model.maxPositionEmbeddings else {
      throw CommandFailure(
        "the corpus has sequences of \(longest) tokens, the teacher "
          + "\(model.maxPositionEmbeddings) positions; tokenize with --max-length "
          + "\(model.maxPositionEmbeddings)")
    }
  }
}

/// A failure that a command finds itself; what, where and how to mend it.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TeacherCaching
import Transformer

/// The teacher and the corpus that a cache was made from, to compute some of it again.
final class CacheTeacher {
  private let cache: CacheShards
  private var pass: TeacherPass
  private var hasTables = false

  /// Loads both, and compares them with what the cache says.
  ///
  /// - Throws: `LogitCacheError.unsuitable`; `CommandFailure` with every field that differs.
  init(of cache: CacheShards, teacher: String, corpus: String) throws {
    self.cache = cache
    let specification = cache.specification
    if specification.derivedFrom != nil {
      throw LogitCacheError.unsuitable(
        folder: cache.folder.path,
        reason:
          "it was imported, or is a part of another cache, so no teacher of this program made "
          + "it as it is; work on what it was made from, and make it again")
    }
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let model = try MaskedLanguageModel.load(folder: URL(argument: teacher))
    try TeacherCheck.check(model.configuration, corpus: opened)
    let masks = try CacheBatchSource.masks(specification)
    let given = try CacheSpecification(
      teacher: model.configuration, weightDigest: ParameterDigest.text(of: model),
      corpus: opened.manifest, masks: masks,
      positions: specification.positions, target: specification.target,
      otherTarget: specification.otherTarget, otherShare: specification.otherShare,
      states: specification.states, stateLayers: specification.stateLayers,
      auditRowsPerShard: specification.auditRowsPerShard,
      precision: Precision(rawValue: specification.precision) ?? .fp32)
    guard given.isSameButForTables(specification), masks.vocabSize == specification.vocabSize else {
      throw CommandFailure(
        "\(cache.folder.path): made from another teacher or corpus than those given:\n"
          + given.differences(from: specification).map {
            "  \($0.field): given \($0.expected), in the cache \($0.found)"
          }.joined(separator: "\n"))
    }
    pass = try TeacherPass(teacher: model, corpus: opened, specification: specification)
  }

  /// What a repair takes its numbers from: the tables first, where they are damaged, then blocks.
  var source: CacheRepair.Source {
    CacheRepair.Source(
      block: { [self] number, replica, auditRows in
        if !hasTables {
          pass.use(try cache.readTables())
          hasTables = true
        }
        return try pass.encode(block: number, replica: replica, auditRows: auditRows).finish()
      },
      tables: { [self] in try pass.makeTables() })
  }
}

import Console
import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TeacherCaching
import Transformer

/// Fills caches of one teacher on one corpus, as `cache-teacher` does.
struct CacheMaker {
  let teacher: MaskedLanguageModel
  let corpus: TokenizedCorpus
  let masks: MaskSpecification
  /// What the teacher's products multiply.
  var precision = Precision.fp32

  /// Fills a new cache.
  ///
  /// - Returns: Seconds of the teacher pass with selection, encoding, compression and sealing.
  func fill(
    _ folder: URL, target: TargetSpecification, states: StateStorage, auditRows: Int = 4
  ) throws -> Double {
    let specification = try CacheSpecification(
      teacher: teacher.configuration, weightDigest: ParameterDigest.text(of: teacher),
      corpus: corpus.manifest, masks: masks, positions: .masked, target: target, states: states,
      auditRowsPerShard: auditRows, precision: precision)
    let writer = try CacheWriter(folder: folder, specification: specification)
    var pass = try TeacherPass(teacher: teacher, corpus: corpus, specification: specification)
    try writer.prepareTables { try pass.makeTables() }
    pass.use(try writer.readTables())
    let start = ContinuousClock.now
    try pass.fill(writer)
    let seconds = (ContinuousClock.now - start).seconds
    guard try writer.finish() != nil else { preconditionFailure("the only worker left shards") }
    return seconds
  }
}

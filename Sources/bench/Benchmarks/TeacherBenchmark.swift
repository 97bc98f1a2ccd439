import Corpus
import Foundation
import Kernels
import LogitCache

/// `cache-teacher`: the teacher pass with selection, encoding and writing.
struct TeacherBenchmark {
  let shape: TeacherShape
  let corpus: TokenizedCorpus
  let scratch: ScratchFolder

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    // The first run warms up; the time of a run is the fill's own, without loading and tables.
    let runs = try (0...plan.longRuns).map { _ in try fill(name: "timed").seconds }
    let seconds = Stopwatch.median(Array(runs.dropFirst()))
    return [
      ResultRow(
        name: "cache-teacher \(shape.name), head 64", unit: "tokens/s",
        ours: Double(corpus.manifest.tokens) / seconds)
    ]
  }

  /// Fills one cache with heads of 64, `scalars` and the states for the cosine loss.
  func fill(name: String) throws -> (folder: URL, seconds: Double) {
    let folder = scratch.fresh(name)
    let maker = CacheMaker(
      teacher: try shape.model(), corpus: corpus,
      masks: MaskSpecification(corpus: corpus.manifest, seed: 1), precision: .preferred)
    let seconds = try maker.fill(
      folder, target: TargetSpecification(headK: 64, tail: .scalars), states: .int8)
    return (folder, seconds)
  }
}

import Foundation
import LogitCache
import StudentTrainer

/// What reading a cache costs one core: streams decoded, and whole batches made.
struct CacheReadingBenchmark {
  let cache: URL

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    var positions = 0
    let decoding = try Stopwatch.median(runs: plan.runs) { _ in
      let reader = try CacheReader(folder: cache)
      positions = 0
      for block in 0..<reader.blockCount {
        positions += try reader.readBlock(block, replica: 0).positions.count
      }
    }
    let batches = try Stopwatch.median(runs: plan.runs) { _ in
      let source = try CacheBatchSource(
        reader: CacheReader(folder: cache), configuration: TrainingConfiguration())
      var index = 0
      while try source.batch(epoch: 0, index: index) != nil { index += 1 }
    }
    let unit = "positions/s/core"
    return [
      ResultRow(
        name: "read cache, head 64, states", unit: unit, ours: Double(positions) / decoding),
      ResultRow(
        name: "cache to batches at T = 2", unit: unit, ours: Double(positions) / batches),
    ]
  }
}

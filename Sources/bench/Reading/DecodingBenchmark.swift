import Corpus
import Foundation
import LogitCache
import StudentTrainer

/// What decoding a cache costs one core, up to ready targets: IDs, logits, coefficients, states.
struct DecodingBenchmark {
  let cache: URL

  /// Caches of a teacher with random weights, which cost about the same: the usual target, the exact
  /// one, and the states for the cosine loss beside the smallest head.
  static func caches(corpus: TokenizedCorpus, scratch: ScratchFolder) throws -> [URL] {
    let shape = TeacherShape.sixLayers384(vocabSize: corpus.manifest.vocabSize)
    let maker = CacheMaker(
      teacher: try shape.model(), corpus: corpus,
      masks: MaskSpecification(corpus: corpus.manifest, seed: 1))
    let targets: [(TargetSpecification, StateStorage)] = [
      (TargetSpecification(headK: 16, tail: .lowrank), .none),
      (TargetSpecification(headK: 0, tail: .hidden), .none),
      (TargetSpecification(headK: 64, tail: .scalars), .int8),
    ]
    return try targets.map { target, states in
      let folder = scratch.fresh("decoded")
      _ = try maker.fill(folder, target: target, states: states)
      return folder
    }
  }

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    let reader = try CacheReader(folder: cache)
    let specification = reader.specification
    var row = [Float](repeating: 0, count: specification.teacher.hiddenSize)
    var (positions, bytes) = (0, 0)
    // All blocks over and over: a cache of a few thousand positions is read in milliseconds.
    let repeats = max(1, 100_000 / max(reader.rowCount, 1))
    let seconds = try Stopwatch.processorMedian(runs: plan.runs) { _ in
      (positions, bytes) = (0, 0)
      for _ in 0..<repeats {
        for block in 0..<reader.blockCount {
          let targets = try reader.readBlock(block, replica: 0)
          positions += targets.rowCount
          bytes += 4 * row.withUnsafeMutableBufferPointer { Self.numbers(of: targets, row: $0) }
        }
      }
    }
    let states = specification.states == .none ? "" : ", states \(specification.states.rawValue)"
    let name = "decode " + FidelityVariant().name(specification.target) + states
    return [
      ResultRow(name: name, unit: "positions/CPU s", ours: Double(positions) / seconds),
      ResultRow(name: name, unit: "GB/CPU s", ours: 1e-9 * Double(bytes) / seconds),
    ]
  }

  /// Numbers of four bytes that a trainer gets of a block; rows of 8 bits are made floats on the way.
  private static func numbers(
    of block: SoftTargetBlock, row: UnsafeMutableBufferPointer<Float>
  ) -> Int {
    var numbers = 0
    for part in block.parts {
      numbers += part.headIDs.count + part.headLogits.count
      switch part.tail {
      case .lowRank(let rows):
        numbers += rows.coefficients.count + rows.logPartitions.count
        numbers += rows.halfLogPartitions.count + rows.threeQuarterLogPartitions.count
      case .hidden:
        for index in 0..<part.rows { part.copyHiddenRow(index, into: row) }
        numbers += part.rows * row.count
      case .scalars(let rows): numbers += 5 * rows.count
      case .sampled(let rows): numbers += 2 * rows.ids.count
      case .none: break
      }
    }
    if block.states != nil {
      for index in 0..<block.rowCount { block.copyState(index, into: row) }
      numbers += block.rowCount * row.count
    }
    return numbers
  }
}

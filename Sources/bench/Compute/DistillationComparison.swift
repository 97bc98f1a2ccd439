import Corpus
import Foundation
import LogitCache
import StudentTrainer
import Transformer

/// A distillation step: ours from a cache, PyTorch's with targets in memory or a teacher beside it.
struct DistillationComparison {
  let context: ComputeContext
  /// What is measured.
  let shape: Shape

  /// A student, its teacher, and what has to be reached.
  struct Shape {
    let studentLayers: Int
    let teacherLayers: Int
    let hidden: Int
    /// Sequences of a batch.
    let sequences: Int
    /// Ratios to the student alone, and to the student with a teacher beside it.
    let alone: Double
    let online: Double

    static let small = Shape(
      studentLayers: 3, teacherLayers: 6, hidden: 384, sequences: 16, alone: 2.5, online: 3.2)
    static let large = Shape(
      studentLayers: 6, teacherLayers: 12, hidden: 768, sequences: 8, alone: 1.7, online: 2.5)
  }

  private var work: String {
    "distillation step \(shape.studentLayers)x\(shape.hidden) of "
      + "\(shape.teacherLayers)x\(shape.hidden), \(shape.sequences)x128"
  }

  func rows() throws -> [ComputeRow] {
    let precision = ComputePrecision.bf16
    let student = try context.models.folder(
      .distilBert, layers: shape.studentLayers, hidden: shape.hidden)
    let teacher =
      try shape.teacherLayers == 6
      ? context.models.smallTeacher()
      : context.models.folder(.bert, layers: shape.teacherLayers, hidden: shape.hidden)
    var recipe = TrainingConfiguration()
    recipe.batchTokens = 128 * shape.sequences
    let inputs = try DistillationInputs(
      context, teacher: teacher, recipe: recipe, batches: context.plan.cachedBatches,
      precision)
    let losses = try inputs.losses(of: student, precision)
    try requireCachedLoss(losses)
    let peers = try context.peers { process in
      var work = PeerWork(
        kind: .distillationStep, folder: student.path,
        inputs: try inputs.export(batches: context.plan.peerBatches), precision: .fp32,
        teacher: teacher.path, recipe: PeerWork.Recipe(recipe, checked: 1))
      var made: [PeerContender] = []
      for (name, targets) in Self.peers {
        work.targets = targets
        // The arithmetic first, then its rounding.
        for precision in context.plan.isQuick ? [ComputePrecision.bf16] : [.fp32, .bf16] {
          work.precision = precision
          let peer = try PeerContender(
            name, process, work, times: context.plan.stepsPerTurn,
            amount: Double(recipe.batchTokens))
          try OutputCheck.require(
            [Float(targets == .all ? losses.allPositions : losses.masked)],
            equal: peer.output("losses"), "\(self.work): losses", peer, precision)
          if precision == .bf16 { made.append(peer) }
        }
      }
      return made
    }
    let model = try ComputeModels.load(student, precision)
    let ours = TrainingTurns(
      model, source: try inputs.cachedSource(), configuration: recipe,
      folder: context.scratch.fresh("run"), stepsPerTurn: context.plan.stepsPerTurn)
    defer { ours.stop() }
    let rates = try context.measure(ours, peers, precision)
    return try rows(
      rates.ours, peers, rates.peers, ceiling: rates.ceiling, waiting: ours.dataWaitShare,
      operations: model.configuration.stepOperations(headShare: inputs.headShare), precision)
      + ours.profile(work, precision)
  }

  private static let peers: [(String, PeerWork.Targets)] = [
    ("PyTorch, targets in memory", .memory), ("PyTorch, online teacher", .online),
    ("PyTorch, online, all positions", .all),
  ]

  /// The cache's targets are close to the teacher's, so the loss is.
  private func requireCachedLoss(_ losses: DistillationInputs.Losses) throws {
    let difference = abs(losses.cached - losses.masked) / losses.masked
    guard difference <= 5e-2 else {
      throw ComputeFailure(
        "\(work): the loss from the cache is \(losses.cached), from the teacher \(losses.masked): "
          + "not timed")
    }
  }

  private func rows(
    _ rate: Double, _ peers: [PeerContender], _ peerRates: [Double], ceiling: Double,
    waiting: Double, operations: Double, _ precision: ComputePrecision
  ) -> [ComputeRow] {
    var row = ComputeRow(
      work: work, precision: precision, unit: "tokens/s", ours: rate)
    var result = peers.isEmpty ? [row] : []
    let bounds: [ComputeRow.Bound?] = [.atLeast(shape.alone), .atLeast(shape.online), nil]
    for ((peer, peerRate), bound) in zip(zip(peers, peerRates), bounds) {
      (row.peer, row.peerValue, row.toReach) = (peer.name, peerRate, bound)
      result.append(row)
    }
    result.append(
      context.share(
        work, precision, operations: rate * operations, ceiling: ceiling, toReach: 0.75))
    result.append(
      ComputeRow(
        work: work + ", waiting for data", precision: precision, unit: "%", ours: 100 * waiting))
    return result
  }
}

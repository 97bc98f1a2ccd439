import Corpus
import Foundation
import StudentTrainer
import Transformer

/// What a cache saves: our student from it and with the teacher in memory, speed and memory, beside
/// PyTorch's online step.
struct OnlineComparison {
  let context: ComputeContext
  private static let sequences = 8

  private let work = "student 6x768 of 12x768, 8x128"

  /// Rates of the three in one run, and the peak of each in a process of its own.
  func rows() throws -> [ComputeRow] {
    let precision = ComputePrecision.bf16
    let student = try context.models.folder(.distilBert, layers: 6, hidden: 768)
    let teacher = try context.models.folder(.bert, layers: 12, hidden: 768)
    var recipe = TrainingConfiguration()
    recipe.batchTokens = 128 * Self.sequences
    let inputs = try DistillationInputs(
      context, teacher: teacher, recipe: recipe, batches: context.plan.cachedBatches, precision)
    var peerWork = PeerWork(
      kind: .distillationStep, folder: student.path,
      inputs: try inputs.export(batches: context.plan.peerBatches), precision: precision,
      teacher: teacher.path, targets: .online, recipe: PeerWork.Recipe(recipe, checked: 1))
    let peers = try context.peers { process in
      [
        try PeerContender(
          "PyTorch, online teacher", process, peerWork, times: context.plan.stepsPerTurn,
          amount: Double(recipe.batchTokens))
      ]
    }
    func turns(_ source: any BatchSource) throws -> TrainingTurns {
      TrainingTurns(
        try ComputeModels.load(student, precision), source: source, configuration: recipe,
        folder: context.scratch.fresh("run"), stepsPerTurn: context.plan.stepsPerTurn)
    }
    let cached = try turns(inputs.cachedSource())
    defer { cached.stop() }
    let online = try turns(inputs.onlineSource(.masked))
    defer { online.stop() }
    let rates = try Rounds.medians([cached, online] + peers, rounds: context.plan.rounds)

    let memory = StepMemory(context: context)
    var work = StepMemory.Work(model: student.path, precision: precision)
    work.batchTokens = recipe.batchTokens
    work.cache = inputs.cache.path
    let cachedPeak = try memory.ours(work)
    work.cache = nil
    (work.teacher, work.corpus) = (teacher.path, inputs.corpus.folder.path)
    let onlinePeak = try memory.ours(work)
    peerWork.recipe = PeerWork.Recipe(recipe, checked: 0)
    let peerPeak = try memory.peer(peerWork)
    return rows("from cache", "tokens/s", rates[0], online: rates[1], atLeast: 1.5)
      + rows("online", "tokens/s", rates[1], peer: rates.dropFirst(2).first)
      + rows(
        "peak memory from cache", "MB", cachedPeak.peakBytes / 1e6,
        online: onlinePeak.peakBytes / 1e6)
      + rows(
        "peak memory online", "MB", onlinePeak.peakBytes / 1e6,
        peer: peerPeak.map { $0.peakBytes / 1e6 })
  }

  private func rows(
    _ what: String, _ unit: String, _ ours: Double, online: Double? = nil, peer: Double? = nil,
    atLeast: Double? = nil
  ) -> [ComputeRow] {
    [
      ComputeRow(
        work: "\(work), \(what)", precision: .bf16, unit: unit, ours: ours,
        peer: online.map { _ in "ours, online teacher" }
          ?? peer.map { _ in "PyTorch, online teacher" },
        peerValue: online ?? peer, toReach: atLeast.map { .atLeast($0) })
    ]
  }
}

import Foundation
import StudentTrainer
import Transformer

/// A step of masked language modelling with DistilBERT: forward, backward, clipping and AdamW.
struct TrainingComparison {
  let context: ComputeContext
  /// Steps whose losses are compared: the later ones see the update.
  private static let checkedSteps = 3

  func rows(_ precision: ComputePrecision) throws -> [ComputeRow] {
    let folder = try context.models.folder(.distilBert, layers: 6, hidden: 768)
    let batches = try context.text.batches(of: 8, batches: context.plan.peerBatches)
    let model = try ComputeModels.load(folder, precision)
    let recipe = TrainingConfiguration.hardLabels
    let ours = TrainingTurns(
      model, source: RepeatedBatches(batches: batches), configuration: recipe,
      folder: context.scratch.fresh("run"), stepsPerTurn: context.plan.stepsPerTurn)
    defer { ours.stop() }
    let peers = try context.peers { process in
      let work = PeerWork(
        kind: .mlmStep, folder: folder.path,
        inputs: try batches.map { batch in
          let file = context.scratch.fresh("batch")
          try BatchFile.write(batch, to: file)
          return file.path
        }, precision: precision,
        recipe: PeerWork.Recipe(recipe, checked: Self.checkedSteps))
      return [
        try PeerContender(
          "PyTorch", process, work, times: context.plan.stepsPerTurn,
          amount: Double(batches[0].packed.tokenCount))
      ]
    }
    try ours.run(steps: Self.checkedSteps)
    let work = "MLM step 6x768, 8x128"
    for peer in peers {
      try OutputCheck.require(
        ours.losses.map(Float.init), equal: peer.output("losses"), "\(work): losses", peer,
        precision)
    }
    let rates = try context.measure(ours, peers, precision)
    let rows = batches.reduce(0) { $0 + $1.rows.count }
    let tokens = batches.reduce(0) { $0 + $1.packed.tokenCount }
    return try [
      ComputeRow(
        work: work, precision: precision, unit: "tokens/s",
        ours: rates.ours, peer: peers.first?.name, peerValue: rates.peers.first,
        toReach: .atLeast(precision == .fp32 ? 3 : 1.8)),
      context.share(
        work, precision,
        operations: rates.ours
          * model.configuration.stepOperations(headShare: Double(rows) / Double(tokens)),
        ceiling: rates.ceiling, toReach: 0.75),
    ] + ours.profile(work, precision)
  }
}

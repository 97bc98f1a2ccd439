import Console
import Foundation
import Kernels
import StudentTrainer
import Transformer

/// The encoder's forward pass: BERT-base on 8 sequences, and DistilBERT on one.
struct EncoderComparison {
  let context: ComputeContext

  /// BERT-base in fp32.
  func forward() throws -> [ComputeRow] {
    try rows(
      "encoder 12x768, 8x128", context.models.folder(.bert, layers: 12, hidden: 768), .fp32,
      sequences: 8, times: 1, unit: "tokens/s", bounds: ["PyTorch": 2.2, "ONNX Runtime": 1.2],
      share: 0.85)
  }

  /// BERT-base in bf16.
  func roughForward() throws -> [ComputeRow] {
    try rows(
      "encoder 12x768, 8x128", context.models.folder(.bert, layers: 12, hidden: 768), .bf16,
      sequences: 8, times: 1, unit: "tokens/s", bounds: ["PyTorch": 1.4], share: 0.85)
  }

  /// One sequence of 128 tokens through DistilBERT; the rate is one over the latency.
  func latency() throws -> [ComputeRow] {
    try rows(
      "latency 6x768, 1x128", context.models.folder(.distilBert, layers: 6, hidden: 768), .fp32,
      sequences: 1, times: context.plan.shortRuns, unit: "sequences/s",
      bounds: ["ONNX Runtime": 1], share: nil)
  }

  private func rows(
    _ work: String, _ folder: URL, _ precision: ComputePrecision, sequences: Int, times: Int,
    unit: String, bounds: [String: Double], share: Double?
  ) throws -> [ComputeRow] {
    let batch = try context.text.batches(of: sequences, batches: 1)[0]
    let amount = Double(unit == "tokens/s" ? batch.packed.tokenCount : sequences)
    let model = try ComputeModels.load(folder, precision)
    let ours = OwnEncoder(model: model, batch: batch.packed, times: times, amount: amount)
    let peers = try context.peers { process in
      let inputs = context.scratch.fresh("batch")
      try BatchFile.write(batch, to: inputs)
      var work = PeerWork(
        kind: .encoder, folder: folder.path, inputs: [inputs.path], precision: precision)
      var made: [PeerContender] = []
      if bounds.keys.contains("PyTorch") {
        made.append(try PeerContender("PyTorch", process, work, times: times, amount: amount))
      }
      if bounds.keys.contains("ONNX Runtime"), process.has("onnxruntime") {
        work.kind = .onnxEncoder
        work.graph = context.scratch.fresh("graph").path + ".onnx"
        made.append(
          try PeerContender("ONNX Runtime", process, work, times: times, amount: amount))
      }
      return made
    }
    model.encode(batch.packed, training: false)
    for peer in peers {
      try OutputCheck.require(
        Array(model.lastHiddenStates.elements), equal: peer.output("hidden_states"),
        "\(work): hidden states", peer, precision)
    }
    let rates = try context.measure(ours, peers, precision)
    var row = ComputeRow(
      work: work, precision: precision, unit: unit, ours: rates.ours)
    var result = peers.isEmpty ? [row] : []
    for (peer, rate) in zip(peers, rates.peers) {
      (row.peer, row.peerValue) = (peer.name, rate)
      row.toReach = bounds[peer.name].map { .atLeast($0) }
      result.append(row)
    }
    if let share {
      result.append(
        context.share(
          work, precision, operations: rates.ours * model.configuration.forwardOperations,
          ceiling: rates.ceiling, toReach: share))
    }
    return result
  }
}

/// Our encoder.
private struct OwnEncoder: Contender {
  let name = "ours"
  let model: MaskedLanguageModel
  let batch: PackedBatch
  let times: Int
  let amount: Double

  func rate() -> Double {
    let start = ContinuousClock.now
    for _ in 0..<times { model.encode(batch, training: false) }
    return Double(times) * amount / (ContinuousClock.now - start).seconds
  }
}

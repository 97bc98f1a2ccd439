import Transformer

/// The encoder alone, on 8 sequences of 128 tokens.
enum EncoderBenchmark {
  private static let (sequences, length) = (8, 128)

  static func rows(_ plan: MeasuringPlan, _ peers: PyTorchPeer) -> [ResultRow] {
    [
      row("12x768", layers: 12, hidden: 768, plan, peers.value("encoder 12x768")),
      row("6x384", layers: 6, hidden: 384, plan, peers.value("encoder 6x384")),
    ]
  }

  private static func row(
    _ name: String, layers: Int, hidden: Int, _ plan: MeasuringPlan, _ peer: Double?
  ) -> ResultRow {
    let vocabSize = 30_522
    let model = MaskedLanguageModel(
      configuration: EncoderConfiguration(
        architecture: .bert, vocabSize: vocabSize, hiddenSize: hidden, numHiddenLayers: layers,
        numAttentionHeads: 12, intermediateSize: 4 * hidden))
    model.initializeRandomly(seed: 1)
    let batch = PackedBatch(
      sequences: (0..<sequences).map { sequence in
        (0..<length).map { Int32(($0 * 7919 + sequence * 104_729) % vocabSize) }
      })
    let seconds = Stopwatch.median(runs: plan.runs) { _ in model.encode(batch, training: false) }
    let row = ResultRow(
      name: "encoder \(name), \(sequences)x\(length)", unit: "tokens/s",
      ours: Double(batch.tokenCount) / seconds)
    return row.against("PyTorch fp32", peer)
  }
}

import Foundation
import Kernels
import Testing
import Transformer

/// Every parameter of a layer, the embeddings and the head against finite differences.
@Suite(.serialized) struct GradientTests {
  static func model(_ architecture: Architecture, _ activation: Activation) -> MaskedLanguageModel {
    let model = MaskedLanguageModel(
      configuration: EncoderConfiguration(
        architecture: architecture, vocabSize: 37, hiddenSize: 16, numHiddenLayers: 2,
        numAttentionHeads: 2, intermediateSize: 24, embeddingSize: 10, maxPositionEmbeddings: 16,
        activation: activation, initializerRange: 0.3))
    model.initializeRandomly(seed: 7)
    return model
  }

  static let batch = PackedBatch(sequences: [
    [1, 5, 9, 30, 2], [1, 8, 2], [1, 11, 12, 13, 14, 36, 2],
  ])
  static let rows: [Int32] = [1, 2, 6, 9, 13]
  static let labels = [4, 36, 0, 17, 22]

  static func loss(_ model: MaskedLanguageModel) -> Double {
    model.encode(batch, training: false)
    var loss = 0.0
    model.forEachLogitChunk(rows: rows) { range, logits, _ in
      loss += crossEntropy(logits, labels: Array(labels[range]), rows: rows.count)
    }
    return loss
  }

  @Test(arguments: Architecture.allCases, [Activation.geluErf, .geluTanh, .relu])
  func gradientsEqualFiniteDifferences(architecture: Architecture, activation: Activation) {
    let model = Self.model(architecture, activation)
    model.encode(Self.batch, training: true)
    model.trainHead(rows: Self.rows) { range, logits in
      _ = crossEntropy(logits, labels: Array(Self.labels[range]), rows: Self.rows.count)
    }
    model.backward()
    var generator = SplitMix64(seed: 11)
    for entry in model.layout.entries {
      // The derivative along a random direction of this tensor; of length `step` in all.
      let direction = (0..<entry.count).map { _ in Float(generator.nextNormal()) }
      let norm = direction.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      let saved = Array(
        UnsafeBufferPointer(start: model.parameters.base + entry.offset, count: entry.count))
      func shifted(_ step: Float) -> Double {
        let values = model.parameters.base + entry.offset
        for index in saved.indices { values[index] = saved[index] + step * direction[index] / norm }
        defer { for index in saved.indices { values[index] = saved[index] } }
        return Self.loss(model)
      }
      // A step over a kink of ReLU is off by the kink, so it takes shorter ones.
      let step: Float = activation == .relu ? 1e-3 : 1e-2
      let numeric = (shifted(step) - shifted(-step)) / Double(2 * step)
      let analytic = (0..<entry.count).reduce(0.0) {
        $0 + Double(model.gradients.base[entry.offset + $1]) * Double(direction[$1] / norm)
      }
      // Float losses near 4 carry 5e-7, over 2e-2 that is 3e-5; the third derivative adds as much.
      // ReLU's shorter steps carry ten times that, and still cross a kink here and there.
      let tolerance = activation == .relu ? 1e-2 : 1e-3
      #expect(abs(numeric - analytic) < tolerance, "\(entry.name): \(numeric) and \(analytic)")
    }
  }

  @Test(arguments: Architecture.allCases)
  func gradientsAccumulateOverBatches(architecture: Architecture) {
    let model = Self.model(architecture, .geluErf)
    for _ in 0..<2 {
      model.encode(Self.batch, training: true)
      model.trainHead(rows: Self.rows) { range, logits in
        _ = crossEntropy(logits, labels: Array(Self.labels[range]), rows: Self.rows.count)
      }
      model.backward()
    }
    let twice = Array(model.gradients.elements)
    model.clearGradients()
    model.encode(Self.batch, training: true)
    model.trainHead(rows: Self.rows) { range, logits in
      _ = crossEntropy(logits, labels: Array(Self.labels[range]), rows: Self.rows.count)
    }
    model.backward()
    // Two equal sums: only the rounding of the last addition differs.
    for (sum, once) in zip(twice, model.gradients.elements) {
      #expect(abs(sum - 2 * once) <= 1e-5 * max(1, abs(sum)))
    }
  }

  @Test(arguments: Architecture.allCases)
  func packedSequencesDoNotSeeEachOther(architecture: Architecture) {
    let model = Self.model(architecture, .geluErf)
    model.encode(Self.batch, training: false)
    let together = Array(model.lastHiddenStates.elements)
    var offset = 0
    for sequence in [[1, 5, 9, 30, 2], [1, 8, 2], [1, 11, 12, 13, 14, 36, 2]] as [[Int32]] {
      model.encode(PackedBatch(sequences: [sequence]), training: false)
      for value in model.lastHiddenStates.elements {
        #expect(abs(value - together[offset]) < 1e-5)  // other shapes of products round elsewhere
        offset += 1
      }
    }
  }
}

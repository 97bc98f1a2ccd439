import Foundation
import Transformer

/// Whether a model of sizes from the command line can be trained here at all.
enum ModelSize {
  /// Throws where a size is out of range or the model cannot be in this machine's memory.
  ///
  /// Called before anything of that size is made: `EncoderConfiguration` takes sizes that were
  /// checked, and memory that cannot be had ends the process.
  static func check(
    vocabSize: Int, hiddenSize: Int, layers: Int, intermediateSize: Int, positions: Int,
    embeddingSize: Int, sharesLayers: Bool
  ) throws {
    let limit = 1 << 24
    for (name, value) in [
      ("hidden size", hiddenSize), ("number of layers", layers),
      ("feed-forward size", intermediateSize), ("number of positions", positions),
      ("embedding size", embeddingSize),
    ] where !(1...limit).contains(value) {
      throw CommandFailure("the \(name) cannot be \(value); it has to be from 1 to \(limit)")
    }
    // In floating point, where nothing overflows; biases and norms are too few to matter.
    let width = Double(hiddenSize)
    let layer = width * (4 * width + 2 * Double(intermediateSize))
    let embedding = Double(embeddingSize)
    let parameters =
      embedding * (Double(vocabSize) + Double(positions) + width)
      + Double(sharesLayers ? 1 : layers) * layer
    // Parameters, gradients and Adam's two moments in fp32.
    let needed = 16 * parameters
    let memory = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed <= memory else {
      throw CommandFailure(
        "a model of \(layers) layers of hidden size \(hiddenSize) takes \(gigabytes(needed)) to "
          + "train, this machine has \(gigabytes(memory)); choose fewer or smaller layers")
    }
  }

  /// Throws where a model of this configuration cannot be in memory.
  static func check(_ shape: EncoderConfiguration) throws {
    try check(
      vocabSize: shape.vocabSize, hiddenSize: shape.hiddenSize, layers: shape.numHiddenLayers,
      intermediateSize: shape.intermediateSize, positions: shape.maxPositionEmbeddings,
      embeddingSize: shape.embeddingSize, sharesLayers: shape.architecture.sharesLayers)
  }

  private static func gigabytes(_ bytes: Double) -> String {
    "\(String(format: "%.0f", (bytes / 1e9).rounded(.up))) GB"
  }
}

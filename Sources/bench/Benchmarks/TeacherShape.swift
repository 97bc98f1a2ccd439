import Foundation
import Transformer

/// A teacher to measure: from a folder, or of a shape with random weights, which cost the same.
struct TeacherShape {
  /// What the rows call it.
  let name: String
  /// Its shape.
  let configuration: EncoderConfiguration
  private let folder: URL?

  /// The teacher in a folder.
  static func folder(_ folder: URL) throws -> TeacherShape {
    let shape = try ConfigurationFile.read(folder: folder)
    return TeacherShape(
      name: "\(shape.numHiddenLayers)x\(shape.hiddenSize) (\(folder.lastPathComponent))",
      configuration: shape, folder: folder)
  }

  /// The shape of MiniLM-L6, with random weights.
  static func sixLayers384(vocabSize: Int) -> TeacherShape {
    TeacherShape(
      name: "6x384",
      configuration: EncoderConfiguration(
        architecture: .bert, vocabSize: vocabSize, hiddenSize: 384, numHiddenLayers: 6,
        numAttentionHeads: 12, intermediateSize: 1536), folder: nil)
  }

  /// Loads or makes the model.
  func model() throws -> MaskedLanguageModel {
    if let folder { return try MaskedLanguageModel.load(folder: folder) }
    let model = MaskedLanguageModel(configuration: configuration)
    model.initializeRandomly(seed: 1)
    return model
  }
}

import Foundation
import Transformer

/// The models of the benchmark as folders, from which every program loads the same weights.
struct ComputeModels {
  let scratch: ScratchFolder
  let vocabSize: Int
  /// A teacher with real weights, nil for random ones.
  let realTeacher: URL?

  /// A shape with random weights.
  func folder(
    _ architecture: Architecture, layers: Int, hidden: Int
  ) throws -> URL {
    let name = "\(architecture.rawValue)-\(layers)x\(hidden)"
    let folder = scratch.url.appending(path: name)
    if FileManager.default.fileExists(atPath: folder.path) { return folder }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let model = MaskedLanguageModel(
      configuration: EncoderConfiguration(
        architecture: architecture, vocabSize: vocabSize, hiddenSize: hidden,
        numHiddenLayers: layers, numAttentionHeads: 12, intermediateSize: 4 * hidden))
    model.initializeRandomly(seed: UInt64(layers))
    try model.save(to: folder)
    return folder
  }

  /// The teacher of 6 layers and 384 columns.
  func smallTeacher() throws -> URL { try realTeacher ?? folder(.bert, layers: 6, hidden: 384) }

  /// Loads a folder for our program.
  static func load(_ folder: URL, _ precision: ComputePrecision) throws -> MaskedLanguageModel {
    let model = try MaskedLanguageModel.load(folder: folder)
    precision.apply(to: model)
    return model
  }
}

import Foundation
import Transformer

/// The model that a student starts from; tensors are read one by one, by their part.
struct SourceModel {
  /// Its folder, for messages.
  let folder: URL
  /// Its shape.
  let configuration: EncoderConfiguration
  private let layout: ParameterLayout
  private let checkpoint: Checkpoint

  /// Opens a folder; no tensor is read yet.
  ///
  /// - Throws: `TransformerError`.
  init(folder: URL) throws {
    self.folder = folder
    configuration = try ConfigurationFile.read(folder: folder)
    layout = ParameterLayout(configuration)
    checkpoint = try Checkpoint(folder: folder)
  }

  /// True where the folder has a masked-language-model head, whole or in part.
  var hasHead: Bool { layout.entries.contains { $0.isHead && storedName($0) != nil } }

  /// The shape of a parameter; layers are numbered as the encoder runs them.
  func shape(of parameter: Parameter) -> [Int] { layout.entry(resolved(parameter)).shape }

  /// The values of a parameter, row-major.
  ///
  /// - Throws: `TransformerError.missingTensors` or `.wrongShape`; what reading throws.
  /// - Precondition: The configuration has it.
  func floats(_ parameter: Parameter) throws -> [Float] {
    let entry = layout.entry(resolved(parameter))
    guard let found = storedName(entry) else {
      throw TransformerError.missingTensors(
        file: checkpoint.url, names: [entry.name],
        hint: entry.isHead
          ? "this is an encoder without a masked-language-model head to take; leave the student's "
            + "head random (--random-head)"
          : "config.json and the weights belong to different models")
    }
    guard checkpoint.shape(of: found) == entry.shape else {
      throw TransformerError.wrongShape(
        file: checkpoint.url, tensor: found, expected: entry.shape,
        found: checkpoint.shape(of: found) ?? [])
    }
    return try checkpoint.floats(found)
  }

  private func storedName(_ entry: ParameterLayout.Entry) -> String? {
    configuration.architecture.names.spellings(of: entry.name).first(where: checkpoint.contains)
  }

  /// Where layers share their parameters, those of any layer are the one set.
  private func resolved(_ parameter: Parameter) -> Parameter {
    guard case .layer(let index, let part, let term) = parameter else { return parameter }
    return .layer(configuration.parameterLayer(index), part, term)
  }
}

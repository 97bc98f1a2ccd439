import Transformer

/// Reads single tensors of a teacher by their part in the computation.
struct TeacherTensors {
  /// The teacher's weights.
  let checkpoint: Checkpoint
  /// The teacher's shape.
  let configuration: EncoderConfiguration

  /// The values of a parameter.
  ///
  /// - Throws: `TransformerError.missingTensors` or `.wrongShape`.
  func floats(_ parameter: Parameter, shape: [Int]) throws -> [Float] {
    let format = configuration.architecture.names
    let name = format.name(of: parameter)
    guard let found = format.spellings(of: name).first(where: checkpoint.contains) else {
      throw TransformerError.missingTensors(
        file: checkpoint.url, names: [name],
        hint: parameter.isHead
          ? "the teacher has no masked-language-model head to take; leave the head random"
          : "config.json and the weights belong to different models")
    }
    guard checkpoint.shape(of: found) == shape else {
      throw TransformerError.wrongShape(
        file: checkpoint.url, tensor: found, expected: shape,
        found: checkpoint.shape(of: found) ?? [])
    }
    return try checkpoint.floats(found)
  }
}

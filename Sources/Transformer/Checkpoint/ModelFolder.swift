package import Foundation
import Kernels

/// Reading and writing a model as a Hugging Face folder.
extension MaskedLanguageModel {
  /// What to do with a checkpoint that holds an encoder without its head.
  package enum MissingHead: Sendable {
    /// Refuse it, naming the tensors that are missing.
    case refused
    /// Start a head near the identity: the transform as the unit matrix plus small noise. Where the
    /// embeddings are factorised, the transpose of their projection stands for the unit matrix.
    case addedNearIdentity(seed: UInt64)
  }

  /// Loads `config.json` and the safetensors weights of a folder.
  ///
  /// Names are accepted with and without the encoder's prefix, and norms as `weight`/`bias` or as
  /// `gamma`/`beta`; weights in fp32, fp16, bf16 or fp64.
  ///
  /// - Parameters:
  ///   - folder: The model's folder.
  ///   - missingHead: What to do where it has no head.
  ///   - layers: Take only the first layers; nil takes all.
  /// - Returns: The model with its weights.
  /// - Throws: `TransformerError`, naming the file and what is wrong with it.
  package static func load(
    folder: URL, missingHead: MissingHead = .refused, layers: Int? = nil
  ) throws -> MaskedLanguageModel {
    var configuration = try ConfigurationFile.read(folder: folder)
    if let layers, layers < configuration.numHiddenLayers {
      configuration.numHiddenLayers = max(layers, 1)
    }
    let checkpoint = try Checkpoint(folder: folder)
    let layout = ParameterLayout(configuration)
    // Shapes are checked before memory is taken: a configuration may ask for anything.
    let names = try layout.resolve(in: checkpoint, configuration, missingHead: missingHead)
    let model = MaskedLanguageModel(configuration: configuration)
    var generator = SplitMix64(seed: 0)
    if case .addedNearIdentity(let seed) = missingHead { generator = SplitMix64(seed: seed) }
    for entry in layout.entries {
      if let name = names[entry.parameter] {
        let values = try checkpoint.floats(name)
        values.withUnsafeBufferPointer { source in
          if let base = source.baseAddress {
            (model.parameters.base + entry.offset).update(from: base, count: entry.count)
          }
        }
      } else {
        model.initialize(entry, using: &generator)
        if entry.parameter == .headTransform(.weight) {
          model.addIdentityToHead()
        }
      }
    }
    return model
  }

  /// Adds to the head's transform what leads back from hidden states to embeddings.
  private func addIdentityToHead() {
    let (c, e) = (configuration.hiddenSize, configuration.embeddingSize)
    let transform = parameters.base + layout.entry(.headTransform(.weight)).offset
    guard configuration.architecture.factorisesEmbeddings else {
      for index in 0..<c { transform[index * (c + 1)] += 1 }
      return
    }
    let projection = weight(.embeddingProjection(.weight))
    for row in 0..<e {
      for column in 0..<c { transform[row * c + column] += projection.row(column)[row] }
    }
  }

  /// Writes `config.json` and `model.safetensors` into a folder that exists.
  ///
  /// - Throws: `TransformerError.unwritable`.
  package func save(to folder: URL, precision: SafetensorsWriter.Precision = .fp32) throws {
    let tensors = layout.entries.filter { !$0.parameter.isProjection }.map { entry in
      SafetensorsWriter.Tensor(
        name: entry.name, shape: entry.shape,
        values: UnsafeBufferPointer(start: parameters.base + entry.offset, count: entry.count))
    }
    try SafetensorsWriter.write(
      tensors, to: folder.appending(path: "model.safetensors"), precision: precision)
    let file = folder.appending(path: "config.json")
    do {
      try ConfigurationFile.data(for: configuration).write(to: file, options: .atomic)
    } catch {
      throw TransformerError.unwritable(file: file, reason: error.localizedDescription)
    }
  }
}

extension ParameterLayout {
  /// The checkpoint's name of each parameter; those of an absent head are left out.
  ///
  /// - Throws: `TransformerError.missingTensors` or `.wrongShape`.
  package func resolve(
    in checkpoint: Checkpoint, _ configuration: EncoderConfiguration,
    missingHead: MaskedLanguageModel.MissingHead
  ) throws -> [Parameter: String] {
    let format = configuration.architecture.names
    var names: [Parameter: String] = [:]
    var missing: [Entry] = []
    for entry in entries {
      guard let name = format.spellings(of: entry.name).first(where: checkpoint.contains) else {
        missing.append(entry)
        continue
      }
      let found = checkpoint.shape(of: name) ?? []
      guard found == entry.shape else {
        throw TransformerError.wrongShape(
          file: checkpoint.url, tensor: name, expected: entry.shape, found: found)
      }
      names[entry.parameter] = name
    }
    if case .addedNearIdentity = missingHead { missing.removeAll(where: \.isHead) }
    guard missing.isEmpty else {
      let onlyHead = missing.allSatisfy(\.isHead)
      throw TransformerError.missingTensors(
        file: checkpoint.url, names: missing.map(\.name),
        hint: onlyHead
          ? "this is an encoder without a masked-language-model head: give it one with "
            + "'pipeline train-teacher --add-mlm-head'"
          : "config.json and the weights belong to different models")
    }
    return names
  }
}

extension ArchitectureFormat {
  /// The names under which checkpoints of different ages keep a tensor, the newest first.
  package func spellings(of name: String) -> [String] {
    var spellings = [name]
    if name.hasSuffix("LayerNorm.weight") {
      spellings.append(name.dropLast("weight".count) + "gamma")
    } else if name.hasSuffix("LayerNorm.bias") {
      spellings.append(name.dropLast("bias".count) + "beta")
    } else if name.hasSuffix("predictions.bias") {
      spellings.append(name.dropLast("bias".count) + "decoder.bias")
    }
    return spellings
      + spellings.filter { $0.hasPrefix(encoderPrefix) }.map {
        String($0.dropFirst(encoderPrefix.count))
      }
  }
}

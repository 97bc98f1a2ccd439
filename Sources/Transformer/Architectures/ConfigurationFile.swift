package import Foundation
import Kernels

/// Reads and writes `config.json` of a Hugging Face folder.
package enum ConfigurationFile {
  /// Reads the configuration of a model folder.
  ///
  /// - Throws: `TransformerError.unreadable`, `.unsupportedArchitecture` or `.badConfiguration`.
  package static func read(folder: URL) throws -> EncoderConfiguration {
    try read(file: folder.appending(path: "config.json"))
  }

  /// Reads a configuration file.
  ///
  /// - Throws: as `read(folder:)`.
  package static func read(file: URL) throws -> EncoderConfiguration {
    struct Kind: Decodable { let modelType: String? }
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw TransformerError.unreadable(
        file: file,
        reason: "the file is missing; a model folder holds config.json, "
          + "model.safetensors and vocab.txt")
    }
    let kind: Kind = try decode(data, file: file)
    guard let name = kind.modelType, let architecture = Architecture(rawValue: name) else {
      throw TransformerError.unsupportedArchitecture(
        file: file, found: kind.modelType ?? "(none)",
        supported: Architecture.allCases.map(\.rawValue))
    }
    return try architecture.names.configuration(from: data, file: file)
  }

  /// The bytes of `config.json`, with sorted keys.
  ///
  /// - Throws: what `JSONSerialization` throws.
  package static func data(for configuration: EncoderConfiguration) throws -> Data {
    let fields = configuration.architecture.names.fields(of: configuration)
    return try JSONSerialization.data(
      withJSONObject: fields as [String: Any],
      options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
  }

  static func decode<Fields: Decodable>(_ data: Data, file: URL) throws -> Fields {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(Fields.self, from: data)
    } catch DecodingError.keyNotFound(let key, _) {
      throw TransformerError.badConfiguration(
        file: file, reason: "the field \(snakeCase(key.stringValue)) is missing")
    } catch DecodingError.typeMismatch(_, let context) {
      let field = context.codingPath.map { snakeCase($0.stringValue) }.joined(separator: ".")
      throw TransformerError.badConfiguration(
        file: file, reason: "the field \(field) has the wrong type")
    } catch {
      throw TransformerError.badConfiguration(file: file, reason: "it is not valid JSON")
    }
  }

  private static func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
  }

  static func checked(
    file: URL, architecture: Architecture, vocabSize: Int, hiddenSize: Int, numHiddenLayers: Int,
    numAttentionHeads: Int, intermediateSize: Int, embeddingSize: Int = 1,
    maxPositionEmbeddings: Int, typeVocabSize: Int, layerNormEps: Float, activation: String,
    initializerRange: Float, padTokenID: Int, tied: Bool
  ) throws -> EncoderConfiguration {
    guard let function = activations[activation] else {
      throw TransformerError.badConfiguration(
        file: file,
        reason: "activation \(activation) is not supported, only "
          + activations.keys.sorted().joined(separator: ", "))
    }
    guard tied else {
      throw TransformerError.badConfiguration(
        file: file,
        reason: "tie_word_embeddings is false; only decoders tied to the embeddings are supported")
    }
    var configuration = EncoderConfiguration(
      architecture: architecture, vocabSize: 1, hiddenSize: 1, numHiddenLayers: 1,
      numAttentionHeads: 1, intermediateSize: 1, embeddingSize: 1)
    configuration.setEmbeddingSize(embeddingSize)
    configuration.vocabSize = vocabSize
    configuration.hiddenSize = hiddenSize
    configuration.numHiddenLayers = numHiddenLayers
    configuration.numAttentionHeads = numAttentionHeads
    configuration.intermediateSize = intermediateSize
    configuration.maxPositionEmbeddings = maxPositionEmbeddings
    configuration.typeVocabSize = typeVocabSize
    configuration.layerNormEps = layerNormEps
    configuration.activation = function
    configuration.initializerRange = initializerRange
    configuration.padTokenID = padTokenID
    if let problem = configuration.problem {
      throw TransformerError.badConfiguration(file: file, reason: problem)
    }
    return configuration
  }

  private static let activations: [String: Activation] = [
    "gelu": .geluErf, "gelu_new": .geluTanh, "gelu_pytorch_tanh": .geluTanh, "relu": .relu,
  ]

  static func name(of activation: Activation) -> String {
    switch activation {
    case .geluErf: "gelu"
    case .geluTanh: "gelu_new"
    case .relu: "relu"
    }
  }
}

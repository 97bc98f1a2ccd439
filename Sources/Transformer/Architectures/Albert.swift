package import Foundation
import Kernels

/// ALBERT: one set of layer parameters for all layers, factorised embeddings (Lan et al. 2020).
package struct AlbertFormat: ArchitectureFormat {
  /// Prefix of the encoder's tensors.
  package let encoderPrefix = "albert."

  /// The name in `AlbertForMaskedLM`.
  package func name(of parameter: Parameter) -> String {
    switch parameter {
    case .wordEmbeddings: "albert.embeddings.word_embeddings.weight"
    case .positionEmbeddings: "albert.embeddings.position_embeddings.weight"
    case .tokenTypeEmbeddings: "albert.embeddings.token_type_embeddings.weight"
    case .embeddingNorm(let term): "albert.embeddings.LayerNorm.\(term.rawValue)"
    case .embeddingProjection(let term):
      "albert.encoder.embedding_hidden_mapping_in.\(term.rawValue)"
    case .layer(let index, let part, let term):
      "albert.encoder.albert_layer_groups.\(index).albert_layers.0.\(Self.name(of: part))"
        + ".\(term.rawValue)"
    case .headTransform(let term): "predictions.dense.\(term.rawValue)"
    case .headNorm(let term): "predictions.LayerNorm.\(term.rawValue)"
    case .decoderBias: "predictions.bias"
    case .projection(let index): Parameter.projectionName(index)
    }
  }

  private static func name(of part: Parameter.LayerPart) -> String {
    switch part {
    case .query: "attention.query"
    case .key: "attention.key"
    case .value: "attention.value"
    case .attentionOutput: "attention.dense"
    case .attentionNorm: "attention.LayerNorm"
    case .intermediate: "ffn"
    case .output: "ffn_output"
    case .outputNorm: "full_layer_layer_norm"
    }
  }

  private struct Own: Decodable {
    var embeddingSize: Int?
    var numHiddenGroups: Int?
    var innerGroupNum: Int?
  }

  /// Reads ALBERT's `config.json`.
  package func configuration(from data: Data, file: URL) throws -> EncoderConfiguration {
    let own: Own = try ConfigurationFile.decode(data, file: file)
    for (name, value) in [
      ("num_hidden_groups", own.numHiddenGroups), ("inner_group_num", own.innerGroupNum),
    ] {
      if let value, value != 1 {
        throw TransformerError.badConfiguration(
          file: file, reason: "\(name) is \(value); only 1, one layer for all, is supported")
      }
    }
    let fields: BertFields = try ConfigurationFile.decode(data, file: file)
    return try fields.configuration(
      .albert, embeddingSize: own.embeddingSize ?? 128, activation: "gelu_new", file: file)
  }

  /// The fields of ALBERT's `config.json`.
  package func fields(
    of configuration: EncoderConfiguration
  ) -> [String: any Encodable & Sendable] {
    BertFields.fields(
      of: configuration,
      and: [
        "architectures": ["AlbertForMaskedLM"], "embedding_size": configuration.embeddingSize,
        "num_hidden_groups": 1, "inner_group_num": 1, "hidden_dropout_prob": 0,
        "attention_probs_dropout_prob": 0,
      ])
  }
}

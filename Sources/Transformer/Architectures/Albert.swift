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

  private struct Fields: Decodable {
    var vocabSize: Int
    var embeddingSize: Int?
    var hiddenSize: Int
    var numHiddenLayers: Int
    var numHiddenGroups: Int?
    var innerGroupNum: Int?
    var numAttentionHeads: Int
    var intermediateSize: Int
    var maxPositionEmbeddings: Int?
    var typeVocabSize: Int?
    var layerNormEps: Float?
    var hiddenAct: String?
    var initializerRange: Float?
    var padTokenId: Int?
    var positionEmbeddingType: String?
    var tieWordEmbeddings: Bool?
  }

  /// Reads ALBERT's `config.json`.
  package func configuration(from data: Data, file: URL) throws -> EncoderConfiguration {
    let fields: Fields = try ConfigurationFile.decode(data, file: file)
    if let type = fields.positionEmbeddingType, type != "absolute" {
      throw TransformerError.badConfiguration(
        file: file, reason: "position_embedding_type \(type) is not supported, only absolute")
    }
    for (name, value) in [
      ("num_hidden_groups", fields.numHiddenGroups), ("inner_group_num", fields.innerGroupNum),
    ] {
      if let value, value != 1 {
        throw TransformerError.badConfiguration(
          file: file, reason: "\(name) is \(value); only 1, one layer for all, is supported")
      }
    }
    return try ConfigurationFile.checked(
      file: file, architecture: .albert, vocabSize: fields.vocabSize,
      hiddenSize: fields.hiddenSize, numHiddenLayers: fields.numHiddenLayers,
      numAttentionHeads: fields.numAttentionHeads, intermediateSize: fields.intermediateSize,
      embeddingSize: fields.embeddingSize ?? 128,
      maxPositionEmbeddings: fields.maxPositionEmbeddings ?? 512,
      typeVocabSize: fields.typeVocabSize ?? 2, layerNormEps: fields.layerNormEps ?? 1e-12,
      activation: fields.hiddenAct ?? "gelu_new",
      initializerRange: fields.initializerRange ?? 0.02, padTokenID: fields.padTokenId ?? 0,
      tied: fields.tieWordEmbeddings ?? true)
  }

  /// The fields of ALBERT's `config.json`.
  package func fields(
    of configuration: EncoderConfiguration
  ) -> [String: any Encodable & Sendable] {
    [
      "architectures": ["AlbertForMaskedLM"], "model_type": "albert",
      "vocab_size": configuration.vocabSize, "embedding_size": configuration.embeddingSize,
      "hidden_size": configuration.hiddenSize,
      "num_hidden_layers": configuration.numHiddenLayers,
      "num_hidden_groups": 1, "inner_group_num": 1,
      "num_attention_heads": configuration.numAttentionHeads,
      "intermediate_size": configuration.intermediateSize,
      "max_position_embeddings": configuration.maxPositionEmbeddings,
      "type_vocab_size": configuration.typeVocabSize,
      "layer_norm_eps": Double(configuration.layerNormEps.description) ?? 1e-12,
      "hidden_act": ConfigurationFile.name(of: configuration.activation),
      "initializer_range": Double(configuration.initializerRange.description) ?? 0.02,
      "pad_token_id": configuration.padTokenID, "position_embedding_type": "absolute",
      "tie_word_embeddings": true, "hidden_dropout_prob": 0,
      "attention_probs_dropout_prob": 0,
    ]
  }
}

package import Foundation
import Kernels

/// BERT: post-norm layers, token types, learned positions (Devlin et al. 2019).
package struct BertFormat: ArchitectureFormat {
  /// Prefix of the encoder's tensors.
  package let encoderPrefix = "bert."

  /// The name in `BertForMaskedLM`.
  package func name(of parameter: Parameter) -> String {
    switch parameter {
    case .wordEmbeddings: "bert.embeddings.word_embeddings.weight"
    case .positionEmbeddings: "bert.embeddings.position_embeddings.weight"
    case .tokenTypeEmbeddings: "bert.embeddings.token_type_embeddings.weight"
    case .embeddingNorm(let term): "bert.embeddings.LayerNorm.\(term.rawValue)"
    case .embeddingProjection: preconditionFailure("BERT's embeddings are not factorised")
    case .layer(let index, let part, let term):
      "bert.encoder.layer.\(index).\(Self.name(of: part)).\(term.rawValue)"
    case .headTransform(let term): "cls.predictions.transform.dense.\(term.rawValue)"
    case .headNorm(let term): "cls.predictions.transform.LayerNorm.\(term.rawValue)"
    case .decoderBias: "cls.predictions.bias"
    case .projection(let index): Parameter.projectionName(index)
    }
  }

  private static func name(of part: Parameter.LayerPart) -> String {
    switch part {
    case .query: "attention.self.query"
    case .key: "attention.self.key"
    case .value: "attention.self.value"
    case .attentionOutput: "attention.output.dense"
    case .attentionNorm: "attention.output.LayerNorm"
    case .intermediate: "intermediate.dense"
    case .output: "output.dense"
    case .outputNorm: "output.LayerNorm"
    }
  }

  private struct Fields: Decodable {
    var vocabSize: Int
    var hiddenSize: Int
    var numHiddenLayers: Int
    var numAttentionHeads: Int
    var intermediateSize: Int
    var maxPositionEmbeddings: Int?
    var typeVocabSize: Int?
    var layerNormEps: Float?
    var hiddenAct: String?
    var initializerRange: Float?
    var padTokenId: Int?
    var positionEmbeddingType: String?
    var isDecoder: Bool?
    var tieWordEmbeddings: Bool?
  }

  /// Reads BERT's `config.json`.
  package func configuration(from data: Data, file: URL) throws -> EncoderConfiguration {
    let fields: Fields = try ConfigurationFile.decode(data, file: file)
    if let type = fields.positionEmbeddingType, type != "absolute" {
      throw TransformerError.badConfiguration(
        file: file, reason: "position_embedding_type \(type) is not supported, only absolute")
    }
    if fields.isDecoder == true {
      throw TransformerError.badConfiguration(
        file: file, reason: "is_decoder is true; only bidirectional encoders are supported")
    }
    return try ConfigurationFile.checked(
      file: file, architecture: .bert, vocabSize: fields.vocabSize, hiddenSize: fields.hiddenSize,
      numHiddenLayers: fields.numHiddenLayers, numAttentionHeads: fields.numAttentionHeads,
      intermediateSize: fields.intermediateSize,
      maxPositionEmbeddings: fields.maxPositionEmbeddings ?? 512,
      typeVocabSize: fields.typeVocabSize ?? 2, layerNormEps: fields.layerNormEps ?? 1e-12,
      activation: fields.hiddenAct ?? "gelu", initializerRange: fields.initializerRange ?? 0.02,
      padTokenID: fields.padTokenId ?? 0, tied: fields.tieWordEmbeddings ?? true)
  }

  /// The fields of BERT's `config.json`.
  package func fields(
    of configuration: EncoderConfiguration
  ) -> [String: any Encodable & Sendable] {
    [
      "architectures": ["BertForMaskedLM"], "model_type": "bert",
      "vocab_size": configuration.vocabSize, "hidden_size": configuration.hiddenSize,
      "num_hidden_layers": configuration.numHiddenLayers,
      "num_attention_heads": configuration.numAttentionHeads,
      "intermediate_size": configuration.intermediateSize,
      "max_position_embeddings": configuration.maxPositionEmbeddings,
      "type_vocab_size": configuration.typeVocabSize,
      "layer_norm_eps": Double(configuration.layerNormEps.description) ?? 1e-12,
      "hidden_act": ConfigurationFile.name(of: configuration.activation),
      "initializer_range": Double(configuration.initializerRange.description) ?? 0.02,
      "pad_token_id": configuration.padTokenID, "position_embedding_type": "absolute",
      "tie_word_embeddings": true, "hidden_dropout_prob": 0.1,
      "attention_probs_dropout_prob": 0.1,
    ]
  }
}

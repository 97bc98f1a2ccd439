package import Foundation
import Kernels

/// DistilBERT: BERT's layers without token types and pooler (Sanh et al. 2019).
package struct DistilBertFormat: ArchitectureFormat {
  /// Prefix of the encoder's tensors.
  package let encoderPrefix = "distilbert."

  /// The name in `DistilBertForMaskedLM`.
  package func name(of parameter: Parameter) -> String {
    switch parameter {
    case .wordEmbeddings: "distilbert.embeddings.word_embeddings.weight"
    case .positionEmbeddings: "distilbert.embeddings.position_embeddings.weight"
    case .tokenTypeEmbeddings: preconditionFailure("DistilBERT has no token types")
    case .embeddingNorm(let term): "distilbert.embeddings.LayerNorm.\(term.rawValue)"
    case .embeddingProjection: preconditionFailure("DistilBERT's embeddings are not factorised")
    case .layer(let index, let part, let term):
      "distilbert.transformer.layer.\(index).\(Self.name(of: part)).\(term.rawValue)"
    case .headTransform(let term): "vocab_transform.\(term.rawValue)"
    case .headNorm(let term): "vocab_layer_norm.\(term.rawValue)"
    case .decoderBias: "vocab_projector.bias"
    case .projection(let index): Parameter.projectionName(index)
    }
  }

  private static func name(of part: Parameter.LayerPart) -> String {
    switch part {
    case .query: "attention.q_lin"
    case .key: "attention.k_lin"
    case .value: "attention.v_lin"
    case .attentionOutput: "attention.out_lin"
    case .attentionNorm: "sa_layer_norm"
    case .intermediate: "ffn.lin1"
    case .output: "ffn.lin2"
    case .outputNorm: "output_layer_norm"
    }
  }

  private struct Fields: Decodable {
    var vocabSize: Int
    var dim: Int
    var nLayers: Int
    var nHeads: Int
    var hiddenDim: Int
    var maxPositionEmbeddings: Int?
    var activation: String?
    var initializerRange: Float?
    var padTokenId: Int?
    var tieWordEmbeddings: Bool?
  }

  /// Reads DistilBERT's `config.json`.
  package func configuration(from data: Data, file: URL) throws -> EncoderConfiguration {
    let fields: Fields = try ConfigurationFile.decode(data, file: file)
    return try ConfigurationFile.checked(
      file: file, architecture: .distilBert, vocabSize: fields.vocabSize, hiddenSize: fields.dim,
      numHiddenLayers: fields.nLayers, numAttentionHeads: fields.nHeads,
      intermediateSize: fields.hiddenDim,
      maxPositionEmbeddings: fields.maxPositionEmbeddings ?? 512, typeVocabSize: 0,
      layerNormEps: 1e-12, activation: fields.activation ?? "gelu",
      initializerRange: fields.initializerRange ?? 0.02, padTokenID: fields.padTokenId ?? 0,
      tied: fields.tieWordEmbeddings ?? true)
  }

  /// The fields of DistilBERT's `config.json`.
  package func fields(
    of configuration: EncoderConfiguration
  ) -> [String: any Encodable & Sendable] {
    [
      "architectures": ["DistilBertForMaskedLM"], "model_type": "distilbert",
      "vocab_size": configuration.vocabSize, "dim": configuration.hiddenSize,
      "n_layers": configuration.numHiddenLayers, "n_heads": configuration.numAttentionHeads,
      "hidden_dim": configuration.intermediateSize,
      "max_position_embeddings": configuration.maxPositionEmbeddings,
      "activation": ConfigurationFile.name(of: configuration.activation),
      "initializer_range": Double(configuration.initializerRange.description) ?? 0.02,
      "pad_token_id": configuration.padTokenID, "sinusoidal_pos_embds": false,
      "tie_word_embeddings": true, "tie_weights_": true, "dropout": 0.1,
      "attention_dropout": 0.1, "qa_dropout": 0.1, "seq_classif_dropout": 0.2,
    ]
  }
}

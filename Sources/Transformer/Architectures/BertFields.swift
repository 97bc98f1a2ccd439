import Foundation
import Kernels

/// The fields of `config.json` that BERT and ALBERT share.
struct BertFields: Decodable {
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
  var tieWordEmbeddings: Bool?

  /// The encoder that they describe.
  ///
  /// - Parameters:
  ///   - architecture: Which family.
  ///   - embeddingSize: Width of its word embeddings; nil is the hidden size.
  ///   - activation: The family's own, where the file names none.
  ///   - file: For error messages.
  /// - Returns: The encoder.
  /// - Throws: `TransformerError.badConfiguration`.
  func configuration(
    _ architecture: Architecture, embeddingSize: Int? = nil, activation: String, file: URL
  ) throws -> EncoderConfiguration {
    if let type = positionEmbeddingType, type != "absolute" {
      throw TransformerError.badConfiguration(
        file: file, reason: "position_embedding_type \(type) is not supported, only absolute")
    }
    return try ConfigurationFile.checked(
      file: file, architecture: architecture, vocabSize: vocabSize, hiddenSize: hiddenSize,
      numHiddenLayers: numHiddenLayers, numAttentionHeads: numAttentionHeads,
      intermediateSize: intermediateSize, embeddingSize: embeddingSize ?? hiddenSize,
      maxPositionEmbeddings: maxPositionEmbeddings ?? 512, typeVocabSize: typeVocabSize ?? 2,
      layerNormEps: layerNormEps ?? 1e-12, activation: hiddenAct ?? activation,
      initializerRange: initializerRange ?? 0.02, padTokenID: padTokenId ?? 0,
      tied: tieWordEmbeddings ?? true)
  }

  /// The fields as they are written, with a family's own beside them.
  static func fields(
    of configuration: EncoderConfiguration, and own: [String: any Encodable & Sendable]
  ) -> [String: any Encodable & Sendable] {
    let shared: [String: any Encodable & Sendable] = [
      "model_type": configuration.architecture.rawValue,
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
      "tie_word_embeddings": true,
    ]
    return shared.merging(own) { $1 }
  }
}

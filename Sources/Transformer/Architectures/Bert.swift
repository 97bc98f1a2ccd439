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

  private struct Own: Decodable {
    var isDecoder: Bool?
  }

  /// Reads BERT's `config.json`.
  package func configuration(from data: Data, file: URL) throws -> EncoderConfiguration {
    let own: Own = try ConfigurationFile.decode(data, file: file)
    if own.isDecoder == true {
      throw TransformerError.badConfiguration(
        file: file, reason: "is_decoder is true; only bidirectional encoders are supported")
    }
    let fields: BertFields = try ConfigurationFile.decode(data, file: file)
    return try fields.configuration(.bert, activation: "gelu", file: file)
  }

  /// The fields of BERT's `config.json`.
  package func fields(
    of configuration: EncoderConfiguration
  ) -> [String: any Encodable & Sendable] {
    BertFields.fields(
      of: configuration,
      and: [
        "architectures": ["BertForMaskedLM"], "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
      ])
  }
}

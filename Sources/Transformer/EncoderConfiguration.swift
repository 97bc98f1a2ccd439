package import Kernels

/// The families of encoders that are read, trained and written.
package enum Architecture: String, Sendable, Codable, CaseIterable {
  case bert
  case distilBert = "distilbert"
  case albert

  /// True where the word embeddings are narrower than the hidden states, with a projection between.
  package var factorisesEmbeddings: Bool { self == .albert }
  /// True where one set of parameters serves all layers.
  package var sharesLayers: Bool { self == .albert }
}

/// The shape of an encoder with a masked-language-model head.
package struct EncoderConfiguration: Sendable, Equatable, Codable {
  /// Which family's names and layout the folder uses.
  package var architecture: Architecture
  /// V: entries of the vocabulary.
  package var vocabSize: Int
  /// C: width of the hidden states.
  package var hiddenSize: Int
  /// E of a factorised embedding; nil, and left out of files, where there is none.
  private var factorisedSize: Int?
  /// Number of transformer layers.
  package var numHiddenLayers: Int
  /// NH: attention heads of each layer; divides `hiddenSize`.
  package var numAttentionHeads: Int
  /// Width between the two feed-forward products.
  package var intermediateSize: Int
  /// Longest sequence, in tokens.
  package var maxPositionEmbeddings: Int
  /// Number of token types; 0 for DistilBERT, which has none.
  package var typeVocabSize: Int
  /// Added to the variance in layer norms.
  package var layerNormEps: Float
  /// Feed-forward and head activation.
  package var activation: Activation
  /// Standard deviation of randomly initialised weights.
  package var initializerRange: Float
  /// The padding token's ID; kept for export, since batches carry no padding.
  package var padTokenID: Int

  private enum CodingKeys: String, CodingKey {
    case architecture, vocabSize, hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize
    case maxPositionEmbeddings, typeVocabSize, layerNormEps, activation, initializerRange,
      padTokenID
    case factorisedSize = "embeddingSize"
  }

  /// Describes an encoder; the defaults are BERT's.
  ///
  /// `embeddingSize` is read where the architecture factorises its embeddings, and is 128 there unless
  /// given, as in ALBERT's own checkpoints.
  ///
  /// - Precondition: sizes are positive and the heads divide the hidden size.
  package init(
    architecture: Architecture, vocabSize: Int, hiddenSize: Int, numHiddenLayers: Int,
    numAttentionHeads: Int, intermediateSize: Int, embeddingSize: Int? = nil,
    maxPositionEmbeddings: Int = 512,
    typeVocabSize: Int? = nil, layerNormEps: Float = 1e-12, activation: Activation = .geluErf,
    initializerRange: Float = 0.02, padTokenID: Int = 0
  ) {
    self.architecture = architecture
    self.vocabSize = vocabSize
    self.hiddenSize = hiddenSize
    factorisedSize = architecture.factorisesEmbeddings ? embeddingSize ?? 128 : nil
    self.numHiddenLayers = numHiddenLayers
    self.numAttentionHeads = numAttentionHeads
    self.intermediateSize = intermediateSize
    self.maxPositionEmbeddings = maxPositionEmbeddings
    self.typeVocabSize = typeVocabSize ?? (architecture == .distilBert ? 0 : 2)
    self.layerNormEps = layerNormEps
    self.activation = activation
    self.initializerRange = initializerRange
    self.padTokenID = padTokenID
    precondition(problem == nil, problem ?? "")
  }

  /// E: width of the word embeddings and so of the decoder's input; `hiddenSize` where they are not
  /// factorised.
  package var embeddingSize: Int { factorisedSize ?? hiddenSize }

  /// Sets E where the architecture factorises its embeddings; `problem` tells whether it can be.
  mutating func setEmbeddingSize(_ size: Int) {
    if architecture.factorisesEmbeddings { factorisedSize = size }
  }

  /// Sets of layer parameters: one for each layer, or one for all.
  package var distinctLayers: Int { architecture.sharesLayers ? 1 : numHiddenLayers }

  /// Which set of parameters a layer uses.
  package func parameterLayer(_ layer: Int) -> Int { architecture.sharesLayers ? 0 : layer }

  /// What makes this configuration impossible, or nil.
  package var problem: String? {
    let sizes = [
      ("vocab_size", vocabSize), ("hidden_size", hiddenSize), ("embedding_size", embeddingSize),
      ("num_hidden_layers", numHiddenLayers), ("num_attention_heads", numAttentionHeads),
      ("intermediate_size", intermediateSize), ("max_position_embeddings", maxPositionEmbeddings),
    ]
    for (name, value) in sizes where value < 1 || value > 1 << 24 {
      return "\(name) is \(value), which is not between 1 and 2^24"
    }
    if typeVocabSize < 0 || typeVocabSize > 1 << 16 {
      return "type_vocab_size is \(typeVocabSize)"
    }
    if hiddenSize % numAttentionHeads != 0 {
      return "hidden_size \(hiddenSize) is no multiple of num_attention_heads \(numAttentionHeads)"
    }
    if !(layerNormEps > 0) { return "layer_norm_eps is \(layerNormEps), which is not positive" }
    return nil
  }
}

package import Kernels

/// What the numbers of a training step take, known before the first one.
///
/// A test holds it against what is allocated. Beside it a process has its code, libraries and the
/// batches that wait.
package struct MemoryPlan: Sendable, Equatable {
  /// The largest batch that will come.
  package struct Batch: Sendable, Equatable {
    /// T: tokens of all its sequences.
    package var tokens: Int
    /// L: tokens of the longest sequence.
    package var longestSequence: Int
    /// Positions that the head is run at.
    package var headRows: Int
    /// Attention probabilities of one layer: NH · L² summed over the sequences; nil where they are not
    /// known, and all are taken to be as long as the longest.
    package var probabilityCount: Int?

    /// Describes a batch.
    package init(
      tokens: Int, longestSequence: Int, headRows: Int, probabilityCount: Int? = nil
    ) {
      self.tokens = tokens
      self.longestSequence = longestSequence
      self.headRows = headRows
      self.probabilityCount = probabilityCount
    }

    /// Attention probabilities of one layer.
    func probabilities(heads: Int) -> Int {
      probabilityCount
        ?? (tokens + longestSequence - 1) / longestSequence
        * heads * longestSequence * longestSequence
    }
  }

  /// Bytes of the parameters, and of their copy in bf16 where there is one.
  package let parameters: Int
  /// Bytes of the gradients.
  package let gradients: Int
  /// Bytes of Adam's two moments.
  package let moments: Int
  /// Bytes of what the encoder keeps for its backward pass, with its scratch.
  package let activations: Int
  /// Bytes of the head's scratch, the logits among them.
  package let head: Int

  /// All of it, bytes.
  package var total: Int { parameters + gradients + moments + activations + head }

  /// The plan of a model's training.
  ///
  /// - Parameters:
  ///   - configuration: The model's shape.
  ///   - parameterCount: Its parameters where it has more than the shape says, as projections.
  ///   - precision: What products multiply.
  ///   - batch: The largest batch.
  ///   - threads: Threads that compute.
  package init(
    training configuration: EncoderConfiguration, parameterCount: Int? = nil,
    precision: Precision, batch: Batch, threads: Int = Parallel.threads
  ) {
    let count = parameterCount ?? ParameterLayout(configuration).count
    parameters = count * (4 + (precision == .fp32 ? 0 : precision.elementBytes))
    gradients = 4 * count
    moments = 8 * count
    activations = Self.activations(configuration, precision, batch, threads: threads)
    head = Self.head(configuration, precision, rows: batch.headRows, threads: threads)
  }

  /// As `Activations` allocates for training.
  private static func activations(
    _ configuration: EncoderConfiguration, _ precision: Precision, _ batch: Batch, threads: Int
  ) -> Int {
    let (t, c, f) = (batch.tokens, configuration.hiddenSize, configuration.intermediateSize)
    let (layers, heads) = (configuration.numHiddenLayers, configuration.numAttentionHeads)
    let element = precision.elementBytes
    let isRounded = precision != .fp32
    let rounded = isRounded ? element * t * c : 0
    let hidden = 4 * t * c + rounded
    let statistics = 8 * t
    let scores = Attention.scratchCount(heads: heads, longestSequence: batch.longestSequence)
    let probabilities = batch.probabilities(heads: heads)
    let layer =
      element * (3 * t * c + probabilities + t * c + t * f)  // queries to feed-forward
      + 2 * 4 * t * c + 2 * statistics  // the sums before both norms
      + (isRounded ? rounded : hidden) + hidden  // what follows them
    let shared = isRounded ? 4 * t * c : 0  // the first norm's floats, one for all layers
    // A factorised embedding is normed, and its gradient kept, before the projection.
    let e = configuration.embeddingSize
    let projects = configuration.architecture.factorisesEmbeddings
    let projected = projects ? (4 + (isRounded ? element : 0) + 4) * t * e : 0
    let embeddings = 4 * t * e + statistics + hidden + projected
    let backward =
      hidden + element * (t * c + t * f + 3 * t * c) + 4 * threads * max(3 * c, 3 * e, f)
    return embeddings + layers * layer + shared + backward + element * t * f
      + threads * scores * (4 + element)
  }

  /// As `MaskedLanguageModelHead` allocates for training.
  private static func head(
    _ configuration: EncoderConfiguration, _ precision: Precision, rows: Int, threads: Int
  ) -> Int {
    let n = min(max(rows, 1), MaskedLanguageModelHead.chunkRows)
    let (c, v) = (configuration.hiddenSize, configuration.vocabSize)
    let e = configuration.embeddingSize
    let element = precision.elementBytes
    let rounded = precision == .fp32 ? 0 : element
    return n * (element * c + 2 * 4 * e + 4 * max(c, e) + rounded * e + 8 + 4 * v)
      + n * (4 * e + rounded * e + rounded * v) + 4 * 3 * threads * e
  }
}

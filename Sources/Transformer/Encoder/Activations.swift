import Kernels

/// The memory of one forward pass, planned for a batch shape and kept for the next batches.
///
/// What products read lies in the model's precision, sums and norms in single precision.
///
/// Legend: T tokens, C hidden size, E embedding size (C but in ALBERT), F intermediate size, NH heads, L sequence length.
final class Activations {
  /// Hidden states that are added to and multiplied.
  struct Hidden {
    let floats: FloatBuffer  // [T, C]
    let rounded: OperandBuffer?  // [T, C], nil in single precision
  }

  /// What one layer keeps for its backward pass.
  struct Layer {
    let qkv: OperandBuffer  // [T, 3C]
    let probabilities: OperandBuffer?  // sum over sequences of NH · L², for training
    let attention: OperandBuffer  // [T, C], the heads' outputs
    let attentionSum: FloatBuffer  // [T, C], before the norm
    let attentionNorm: Hidden
    let attentionStatistics: FloatBuffer  // mean [T], rstd [T]
    let intermediate: OperandBuffer?  // [T, F], before the activation, for training
    let outputSum: FloatBuffer  // [T, C], before the norm
    let outputStatistics: FloatBuffer  // mean [T], rstd [T]
    let output: Hidden
  }

  let tokens: Int
  let probabilityCount: Int
  let longestSequence: Int
  let training: Bool
  let precision: Precision

  let embeddingSum: FloatBuffer  // [T, E]
  let embeddingStatistics: FloatBuffer  // mean [T], rstd [T]
  let embeddingNorm: Hidden?  // [T, E], where a projection follows
  let embeddings: Hidden
  let activated: OperandBuffer  // [T, F], of the layer at hand
  let attentionScratch: [Attention.Scratch]  // one for each thread
  let layers: [Layer]
  let backward: BackwardScratch?

  /// Scratch of the backward pass.
  struct BackwardScratch {
    let lastHidden: Hidden  // the gradient that enters the encoder
    let embeddings: FloatBuffer?  // [T, E], where there is a projection
    let hidden: OperandBuffer  // [T, C]
    let intermediate: OperandBuffer  // [T, F]
    let qkv: OperandBuffer  // [T, 3C]
    let partials: FloatBuffer  // threads · max(3C, 3E, F)
  }

  init(
    configuration: EncoderConfiguration, precision: Precision, tokens: Int, probabilityCount: Int,
    longestSequence: Int, training: Bool
  ) {
    self.tokens = tokens
    self.probabilityCount = probabilityCount
    self.longestSequence = longestSequence
    self.training = training
    self.precision = precision
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    func operands(_ columns: Int) -> OperandBuffer {
      OperandBuffer(count: tokens * columns, precision: precision)
    }
    func normalized(_ columns: Int) -> Hidden {
      Hidden(
        floats: FloatBuffer(count: tokens * columns),
        rounded: precision == .fp32 ? nil : operands(columns))
    }
    func hidden() -> Hidden { normalized(c) }
    let e = configuration.embeddingSize
    let projects = configuration.architecture.factorisesEmbeddings
    embeddingSum = FloatBuffer(count: tokens * e)
    embeddingNorm = projects ? normalized(e) : nil
    embeddingStatistics = FloatBuffer(count: 2 * tokens)
    embeddings = hidden()
    activated = operands(f)
    let scores = Attention.scratchCount(
      heads: configuration.numAttentionHeads, longestSequence: longestSequence)
    attentionScratch = (0..<Parallel.threads).map { _ in
      Attention.Scratch(count: scores, precision: precision)
    }
    // An inference layer reads its input while it writes its output: those two are never one. All
    // else is shared by the layers.
    var layers: [Layer] = []
    func layer(sharing shared: Layer?, output: Hidden) -> Layer {
      Layer(
        qkv: shared?.qkv ?? operands(3 * c),
        probabilities: training
          ? OperandBuffer(count: probabilityCount, precision: precision) : nil,
        attention: shared?.attention ?? operands(c),
        attentionSum: shared?.attentionSum ?? FloatBuffer(count: tokens * c),
        // In bf16 the floats are read by the next norm of the layer alone.
        attentionNorm: Hidden(
          floats: (precision == .fp32 ? shared : layers.first)?.attentionNorm.floats
            ?? FloatBuffer(count: tokens * c),
          rounded: precision == .fp32 ? nil : shared?.attentionNorm.rounded ?? operands(c)),
        attentionStatistics: shared?.attentionStatistics ?? FloatBuffer(count: 2 * tokens),
        intermediate: training ? operands(f) : nil,
        outputSum: shared?.outputSum ?? FloatBuffer(count: tokens * c),
        outputStatistics: shared?.outputStatistics ?? FloatBuffer(count: 2 * tokens),
        output: output)
    }
    for index in 0..<configuration.numHiddenLayers {
      let shared = training ? nil : layers.first
      let output = training || index < 2 ? hidden() : layers[index - 2].output
      layers.append(layer(sharing: shared, output: output))
    }
    self.layers = layers
    backward =
      training
      ? BackwardScratch(
        lastHidden: hidden(), embeddings: projects ? FloatBuffer(count: tokens * e) : nil,
        hidden: operands(c), intermediate: operands(f), qkv: operands(3 * c),
        partials: FloatBuffer(count: Parallel.threads * max(3 * c, 3 * e, f))) : nil
  }

  /// True where a batch of this shape fits.
  func holds(tokens: Int, probabilityCount: Int, longestSequence: Int, training: Bool) -> Bool {
    tokens <= self.tokens && (!training || probabilityCount <= self.probabilityCount)
      && longestSequence <= self.longestSequence && (self.training || !training)
      && attentionScratch.count >= Parallel.threads
  }
}

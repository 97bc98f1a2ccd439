import Kernels

/// The memory of one forward pass, planned for a batch shape and kept for the next batches.
///
/// Legend: T tokens, C hidden size, F intermediate size, NH heads, L sequence length.
final class Activations {
  /// What one layer keeps for its backward pass.
  struct Layer {
    let qkv: FloatBuffer  // [T, 3C]
    let probabilities: FloatBuffer  // sum over sequences of NH · L²
    let attention: FloatBuffer  // [T, C], the heads' outputs
    let attentionSum: FloatBuffer  // [T, C], before the norm
    let attentionNorm: FloatBuffer  // [T, C]
    let attentionStatistics: FloatBuffer  // mean [T], rstd [T]
    let intermediate: FloatBuffer  // [T, F], before the activation
    let activated: FloatBuffer  // [T, F]
    let outputSum: FloatBuffer  // [T, C], before the norm
    let outputStatistics: FloatBuffer  // mean [T], rstd [T]
    let output: FloatBuffer  // [T, C]
  }

  let tokens: Int
  let probabilityCount: Int
  let longestSequence: Int
  let training: Bool

  let embeddingSum: FloatBuffer  // [T, C]
  let embeddingStatistics: FloatBuffer  // mean [T], rstd [T]
  let embeddings: FloatBuffer  // [T, C]
  let layers: [Layer]
  let backward: BackwardScratch?

  /// Scratch of the backward pass.
  struct BackwardScratch {
    let lastHidden: FloatBuffer  // [T, C], the gradient that enters the encoder
    let hidden: FloatBuffer  // [T, C]
    let intermediate: FloatBuffer  // [T, F]
    let qkv: FloatBuffer  // [T, 3C]
    let attentionScores: FloatBuffer  // threads · L²
    let partials: FloatBuffer  // 2 · threads · C
  }

  init(
    configuration: EncoderConfiguration, tokens: Int, probabilityCount: Int, longestSequence: Int,
    training: Bool
  ) {
    self.tokens = tokens
    self.probabilityCount = probabilityCount
    self.longestSequence = longestSequence
    self.training = training
    let (c, f) = (configuration.hiddenSize, configuration.intermediateSize)
    embeddingSum = FloatBuffer(count: tokens * c)
    embeddingStatistics = FloatBuffer(count: 2 * tokens)
    embeddings = FloatBuffer(count: tokens * c)
    func layer(sharing shared: Layer?) -> Layer {
      func buffer(_ path: KeyPath<Layer, FloatBuffer>, _ count: Int) -> FloatBuffer {
        shared?[keyPath: path] ?? FloatBuffer(count: count)
      }
      return Layer(
        qkv: buffer(\.qkv, tokens * 3 * c),
        probabilities: buffer(\.probabilities, probabilityCount),
        attention: buffer(\.attention, tokens * c),
        attentionSum: buffer(\.attentionSum, tokens * c),
        attentionNorm: buffer(\.attentionNorm, tokens * c),
        attentionStatistics: buffer(\.attentionStatistics, 2 * tokens),
        intermediate: buffer(\.intermediate, tokens * f),
        activated: buffer(\.activated, tokens * f),
        outputSum: buffer(\.outputSum, tokens * c),
        outputStatistics: buffer(\.outputStatistics, 2 * tokens),
        // An inference layer reads its input while it writes its output: those two are never one.
        output: FloatBuffer(count: tokens * c))
    }
    var layers: [Layer] = []
    for index in 0..<configuration.numHiddenLayers {
      if training || index == 0 {
        layers.append(layer(sharing: nil))
      } else if index == 1 {
        layers.append(layer(sharing: layers[0]))
      } else {
        layers.append(layers[index - 2])
      }
    }
    self.layers = layers
    backward =
      training
      ? BackwardScratch(
        lastHidden: FloatBuffer(count: tokens * c), hidden: FloatBuffer(count: tokens * c),
        intermediate: FloatBuffer(count: tokens * f),
        qkv: FloatBuffer(count: tokens * 3 * c),
        attentionScores: FloatBuffer(
          count: Parallel.threads * longestSequence * longestSequence),
        partials: FloatBuffer(count: 2 * Parallel.threads * c)) : nil
  }

  /// True where a batch of this shape fits.
  func holds(tokens: Int, probabilityCount: Int, longestSequence: Int, training: Bool) -> Bool {
    tokens <= self.tokens && probabilityCount <= self.probabilityCount
      && longestSequence <= self.longestSequence && (self.training || !training)
  }
}

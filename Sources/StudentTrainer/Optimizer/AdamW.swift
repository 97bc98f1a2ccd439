package import Kernels
package import Transformer

/// AdamW over one contiguous parameter array, equal to `torch.optim.AdamW`.
///
///     m = β₁ m + (1 - β₁) g
///     v = β₂ v + (1 - β₂) g²
///     p = (1 - η λ) p - η / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
///
/// Biases and layer norms (`decays == false`) have λ = 0; head parameters have a rate of their own.
/// Owns the moments; one caller at a time.
///
/// - Source: Loshchilov and Hutter 2019, algorithm 2.
package final class AdamW {
  /// The numbers that stay the same through a run.
  package struct Options: Sendable, Hashable {
    /// Decay of the first moment.
    package var beta1: Double
    /// Decay of the second moment.
    package var beta2: Double
    /// Added to the root of the second moment.
    package var epsilon: Double
    /// Decoupled weight decay.
    package var weightDecay: Double
    /// Factor of the learning rate for the masked-language-model head.
    package var headRateScale: Double

    /// Numbers of a run; the defaults are DistilBERT's.
    package init(
      beta1: Double = 0.9, beta2: Double = 0.98, epsilon: Double = 1e-6, weightDecay: Double = 0,
      headRateScale: Double = 1
    ) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.headRateScale = headRateScale
    }
  }

  /// A range of parameters of one group, small enough to share the work evenly.
  private struct Piece {
    let offset: Int
    let count: Int
    let decays: Bool
    let isHead: Bool
  }

  /// The numbers of the run.
  package let options: Options
  /// First moments, in the layout of the parameters.
  package let m: FloatBuffer
  /// Second moments, in the layout of the parameters.
  package let v: FloatBuffer
  /// Updates done; part of a checkpoint, since the bias corrections depend on it.
  package var step = 0
  private let pieces: [Piece]

  /// Moments of zero for a model's parameters.
  package init(layout: ParameterLayout, options: Options) {
    self.options = options
    m = FloatBuffer(count: layout.count)
    v = FloatBuffer(count: layout.count)
    let limit = 1 << 14  // what is rounded after its update is still in the cache then
    pieces = layout.entries.flatMap { entry in
      stride(from: 0, to: entry.count, by: limit).map { start in
        Piece(
          offset: entry.offset + start, count: min(limit, entry.count - start),
          decays: entry.decays, isHead: entry.isHead)
      }
    }
  }

  /// One update in place.
  ///
  /// - Parameters:
  ///   - parameters: In the layout that the optimiser was made for.
  ///   - rounded: Receives the new parameters in its format; nil for none.
  ///   - gradients: As `parameters`; left as they are.
  ///   - learningRate: η of this step.
  ///   - gradientScale: Factor of every gradient, from clipping.
  package func update(
    _ parameters: FloatBuffer, rounded: OperandBuffer? = nil, gradients: FloatBuffer,
    learningRate: Double, gradientScale: Double = 1
  ) {
    precondition(rounded == nil || rounded?.count == m.count, "a rounded copy of another size")
    precondition(
      parameters.count == m.count && gradients.count == m.count,
      "\(parameters.count) parameters and \(gradients.count) gradients, moments of \(m.count)")
    step += 1
    let base = AdamWKernel.Options(
      gradientScale: gradientScale, learningRate: learningRate, weightDecay: 0,
      beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
      biasCorrection1: 1 - power(options.beta1, step),
      biasCorrection2: 1 - power(options.beta2, step))
    let (m, v, pieces, options) = (m, v, pieces, options)
    let rounded = rounded.map { Operand($0, rows: 1, columns: $0.count) }
    Parallel.forEach(pieces.count) { part in
      for piece in pieces[part] {
        var update = base
        if piece.decays { update.weightDecay = options.weightDecay }
        if piece.isHead { update.learningRate *= options.headRateScale }
        AdamWKernel.update(
          count: piece.count, parameters: parameters.base + piece.offset,
          gradients: gradients.base + piece.offset, m: m.base + piece.offset,
          v: v.base + piece.offset, options: update)
        rounded?.assign(piece.offset..<piece.offset + piece.count, of: parameters.base)
      }
    }
  }

  /// base^exponent by squaring, the same on every machine.
  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}

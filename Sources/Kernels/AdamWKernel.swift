import CKernels

/// The passes of the AdamW optimiser over one contiguous range of parameters.
package enum AdamWKernel {
  /// The numbers of one update.
  package struct Options: Sendable {
    /// Coefficient of gradient clipping; 1 leaves the gradient as it is.
    package var gradientScale: Double
    /// Learning rate of this step.
    package var learningRate: Double
    /// Decoupled weight decay.
    package var weightDecay: Double
    /// Decay of the first moment.
    package var beta1: Double
    /// Decay of the second moment.
    package var beta2: Double
    /// Added to the root of the second moment.
    package var epsilon: Double
    /// 1 - beta1^t, t counted from 1.
    package var biasCorrection1: Double
    /// 1 - beta2^t.
    package var biasCorrection2: Double

    /// The numbers of one update.
    package init(
      gradientScale: Double, learningRate: Double, weightDecay: Double, beta1: Double,
      beta2: Double,
      epsilon: Double, biasCorrection1: Double, biasCorrection2: Double
    ) {
      self.gradientScale = gradientScale
      self.learningRate = learningRate
      self.weightDecay = weightDecay
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.biasCorrection1 = biasCorrection1
      self.biasCorrection2 = biasCorrection2
    }
  }

  /// Updates parameters and moments in place, in the order of `torch.optim.AdamW`.
  ///
  /// - Parameters:
  ///   - count: Number of parameters; each pointer has at least as many, and none overlap.
  ///   - parameters: The parameters.
  ///   - gradients: Their gradients, left as they are.
  ///   - m: First moments.
  ///   - v: Second moments.
  ///   - options: The numbers of this update.
  package static func update(
    count: Int, parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
    m: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, options: Options
  ) {
    precondition(count >= 0, "\(count) parameters")
    decant_adamw(
      parameters, gradients, m, v, Int64(count),
      decant_adamw_options(
        gradient_scale: options.gradientScale, learning_rate: options.learningRate,
        weight_decay: options.weightDecay, beta1: options.beta1, beta2: options.beta2,
        epsilon: options.epsilon, bias_correction1: options.biasCorrection1,
        bias_correction2: options.biasCorrection2))
  }

  /// The sum of squares in double, with a fixed order of additions.
  package static func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
    precondition(count >= 0, "\(count) values")
    return decant_sum_of_squares(x, Int64(count))
  }
}

import CKernels

/// The mean of several teachers' distributions, row by row.
package enum MixtureKernels {
  /// Adds a teacher's distribution at T, times its weight, to a mixture that is kept as logits.
  ///
  ///     mixture = T log(exp(mixture / T) + weight softmax(logits / T))
  ///
  /// - Parameters:
  ///   - mixture: `[vocab]`; replaced. Its softmax at T is the mean once all weights are in.
  ///   - logits: The teacher's row, `[vocab]`; does not alias `mixture`.
  ///   - temperature: T, `> 0`.
  ///   - weight: Above 0.
  ///   - isFirst: The mixture holds nothing yet.
  /// - Precondition: the rows have one length.
  package static func add(
    to mixture: UnsafeMutableBufferPointer<Float>, logits: UnsafeBufferPointer<Float>,
    temperature: Double, weight: Double, isFirst: Bool
  ) {
    precondition(mixture.count == logits.count, "rows of \(mixture.count) and \(logits.count)")
    precondition(weight > 0 && temperature > 0, "weight \(weight), temperature \(temperature)")
    guard let target = mixture.baseAddress, let row = logits.baseAddress else { return }
    decant_mix_row(
      target, row, Int64(mixture.count), temperature, weight, isFirst ? 1 : 0)
  }
}

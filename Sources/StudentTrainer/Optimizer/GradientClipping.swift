package import Kernels

/// Clipping by the norm of all gradients together, as `torch.nn.utils.clip_grad_norm_`.
package enum GradientClipping {
  /// Elements summed as one piece; fixed, so that the norm does not depend on the thread count.
  private static let pieceCount = 1 << 16

  /// The Euclidean norm, accumulated in double in a fixed order.
  package static func norm(_ gradients: FloatBuffer) -> Double {
    let pieces = (gradients.count + pieceCount - 1) / pieceCount
    var sums = [Double](repeating: 0, count: pieces)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums
      Parallel.forEach(pieces) { part in
        for piece in part {
          let start = piece * pieceCount
          sums[piece] = AdamWKernel.sumOfSquares(
            gradients.base + start, count: min(pieceCount, gradients.count - start))
        }
      }
    }
    return sums.reduce(0, +).squareRoot()
  }

  /// The factor that brings a norm down to `maxNorm`, at most 1.
  ///
  /// - Parameters:
  ///   - norm: The norm of the gradients.
  ///   - maxNorm: The largest norm allowed; 0 turns clipping off.
  /// - Returns: The factor, above 0.
  package static func coefficient(norm: Double, maxNorm: Double) -> Double {
    maxNorm > 0 ? min(1, maxNorm / (norm + 1e-6)) : 1
  }
}

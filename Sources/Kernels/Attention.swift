import CKernels

/// Scaled dot-product self-attention over packed sequences; each token attends to all of its own.
///
/// Legend: L tokens of one sequence, C hidden size, NH heads, hs = C / NH.
package enum Attention {
  /// Lays out the probabilities of all sequences in one packed buffer.
  ///
  /// - Parameters:
  ///   - sequenceStarts: `B + 1` token offsets.
  ///   - heads: NH.
  /// - Returns: Where each sequence's probabilities start, and the total at the end.
  package static func probabilityStarts(sequenceStarts: [Int32], heads: Int) -> [Int] {
    var starts = [0]
    starts.reserveCapacity(sequenceStarts.count)
    for index in 1..<sequenceStarts.count {
      let length = Int(sequenceStarts[index] - sequenceStarts[index - 1])
      starts.append(starts[index - 1] + heads * length * length)
    }
    return starts
  }

  /// Writes the heads' outputs side by side, before the output projection.
  ///
  /// - Parameters:
  ///   - qkv: `[tokens, 3C]`: queries, keys and values of each token side by side.
  ///   - sequenceStarts: `B + 1` token offsets.
  ///   - heads: NH.
  ///   - probabilities: Receives `[NH, L, L]` of each sequence, one after another.
  ///   - starts: As `probabilityStarts` gives them.
  ///   - output: `[tokens, C]`.
  package static func forward(
    qkv: Matrix, sequenceStarts: [Int32], heads: Int, probabilities: FloatBuffer, starts: [Int],
    into output: Matrix
  ) {
    let shape = Shape(qkv: qkv, heads: heads)
    precondition(starts[starts.count - 1] <= probabilities.count, "probabilities do not fit")
    _ = OpenBLAS.kernels
    Parallel.forEach((sequenceStarts.count - 1) * heads) { items in
      for item in items {
        let (sequence, head) = (item / heads, item % heads)
        let start = Int(sequenceStarts[sequence])
        let length = Int(sequenceStarts[sequence + 1]) - start
        let q = qkv.base + start * shape.stride + head * shape.headSize
        let k = q + shape.hidden
        let v = k + shape.hidden
        let p = probabilities.base + starts[sequence] + head * length * length
        MatrixProduct.sgemm(
          false, true, length, length, shape.headSize, q, shape.stride, k, shape.stride, false, p,
          length, scale: shape.scale)
        decant_softmax(p, length, length)
        MatrixProduct.sgemm(
          false, false, length, shape.headSize, length, p, length, v, shape.stride, false,
          output.base + start * shape.hidden + head * shape.headSize, shape.hidden)
      }
    }
  }

  /// Gradients of queries, keys and values from the gradient of the heads' outputs.
  ///
  /// - Parameters:
  ///   - dOutput: `[tokens, C]`.
  ///   - qkv: As given to `forward`.
  ///   - sequenceStarts: As given to `forward`.
  ///   - heads: NH.
  ///   - probabilities: As `forward` wrote them.
  ///   - starts: As given to `forward`.
  ///   - scratch: At least `Parallel.threads · Lmax²` floats.
  ///   - dQKV: Receives `[tokens, 3C]`.
  package static func backward(
    _ dOutput: Matrix, qkv: Matrix, sequenceStarts: [Int32], heads: Int,
    probabilities: FloatBuffer, starts: [Int], scratch: FloatBuffer, into dQKV: Matrix
  ) {
    let shape = Shape(qkv: qkv, heads: heads)
    let items = (sequenceStarts.count - 1) * heads
    let parts = Parallel.parts(items)
    let share = scratch.count / parts
    Parallel.forEachPart(items) { part, items in
      let dScores = scratch.base + part * share
      for item in items {
        let (sequence, head) = (item / heads, item % heads)
        let start = Int(sequenceStarts[sequence])
        let length = Int(sequenceStarts[sequence + 1]) - start
        precondition(length * length <= share, "attention scratch is too small")
        let q = qkv.base + start * shape.stride + head * shape.headSize
        let dq = dQKV.base + start * shape.stride + head * shape.headSize
        let p = probabilities.base + starts[sequence] + head * length * length
        let dOut = dOutput.base + start * shape.hidden + head * shape.headSize
        // dV = Pᵀ dOut; dP = dOut Vᵀ; dS = softmax'(dP); dQ = dS K; dK = dSᵀ Q.
        MatrixProduct.sgemm(
          true, false, length, shape.headSize, length, p, length, dOut, shape.hidden, false,
          dq + 2 * shape.hidden, shape.stride)
        MatrixProduct.sgemm(
          false, true, length, length, shape.headSize, dOut, shape.hidden, q + 2 * shape.hidden,
          shape.stride, false, dScores, length)
        decant_softmax_backward(dScores, p, shape.scale, length, length)
        MatrixProduct.sgemm(
          false, false, length, shape.headSize, length, dScores, length, q + shape.hidden,
          shape.stride, false, dq, shape.stride)
        MatrixProduct.sgemm(
          true, false, length, shape.headSize, length, dScores, length, q, shape.stride, false,
          dq + shape.hidden, shape.stride)
      }
    }
  }

  private struct Shape {
    let stride: Int
    let hidden: Int
    let headSize: Int
    let scale: Float

    init(qkv: Matrix, heads: Int) {
      precondition(qkv.columns % (3 * heads) == 0, "\(qkv.columns) columns for \(heads) heads")
      stride = qkv.columns
      hidden = qkv.columns / 3
      headSize = hidden / heads
      scale = 1 / Float(headSize).squareRoot()
    }
  }
}

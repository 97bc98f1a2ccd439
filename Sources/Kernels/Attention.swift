import CKernels
import Synchronization

/// Scaled dot-product self-attention over packed sequences; each token attends to all of its own.
///
/// Legend: L tokens of one sequence, C hidden size, NH heads, hs = C / NH, T tokens of the batch.
package struct Attention {
  private let sequenceStarts: [Int32]
  private let heads: Int
  private let hidden: Int
  private let headSize: Int
  private let precision: Precision
  /// Where each sequence's probabilities `[NH, L, L]` start in one packed buffer, and their total.
  package let probabilityStarts: [Int]
  /// Heads that one thread takes at a time: all of a sequence where there are sequences enough.
  private let headsOfItem: Int
  /// Scores that are worked on at once, unless one head has more: as many as stay in a core's cache.
  private static let scoresAtOnce = 1 << 16

  /// The attention of a batch.
  ///
  /// - Parameters:
  ///   - sequenceStarts: `B + 1` token offsets.
  ///   - heads: NH; divides `hidden`.
  ///   - hidden: C.
  ///   - precision: The format of queries, keys, values, probabilities and outputs.
  package init(sequenceStarts: [Int32], heads: Int, hidden: Int, precision: Precision) {
    precondition(hidden % heads == 0, "\(hidden) columns for \(heads) heads")
    self.sequenceStarts = sequenceStarts
    self.heads = heads
    self.hidden = hidden
    self.precision = precision
    headSize = hidden / heads
    var starts = [0]
    starts.reserveCapacity(sequenceStarts.count)
    for (start, end) in zip(sequenceStarts, sequenceStarts.dropFirst()) {
      let length = Int(end - start)
      starts.append(starts[starts.count - 1] + heads * length * length)
    }
    probabilityStarts = starts
    let isFew = sequenceStarts.count - 1 < 4 * Parallel.threads
    headsOfItem = isFew ? max(1, (heads + Parallel.threads - 1) / Parallel.threads) : heads
  }

  /// Numbers of scratch that each thread needs for its longest sequence.
  ///
  /// - Parameters:
  ///   - heads: NH.
  ///   - longestSequence: Lmax.
  /// - Returns: The scores that are worked on at once: NH · Lmax² where those are few.
  package static func scratchCount(heads: Int, longestSequence: Int) -> Int {
    let head = longestSequence * longestSequence
    return min(heads * head, max(scoresAtOnce, head))
  }

  /// Scratch of one thread.
  package struct Scratch {
    /// Scores, `scratchCount` floats.
    package let scores: FloatBuffer
    /// Probabilities or the gradient of scores, `scratchCount` numbers of the format.
    package let rounded: OperandBuffer

    /// Scratch for sequences up to a length.
    ///
    /// - Parameters:
    ///   - count: As `scratchCount` says.
    ///   - precision: The attention's format.
    package init(count: Int, precision: Precision) {
      scores = FloatBuffer(count: count)
      rounded = OperandBuffer(count: count, precision: precision)
    }
  }

  /// One piece of work: some heads of one sequence, and what their products look like.
  private struct Piece {
    let start: Int
    let length: Int
    let heads: Range<Int>
    let probabilities: Int
  }

  private func forEachPiece(scratch: [Scratch], _ body: (Piece, Scratch) -> Void) {
    let perSequence = (heads + headsOfItem - 1) / headsOfItem
    Parallel.forEachItem((sequenceStarts.count - 1) * perSequence) { thread, item in
      let (sequence, group) = (item / perSequence, item % perSequence)
      let start = Int(sequenceStarts[sequence])
      let length = Int(sequenceStarts[sequence + 1]) - start
      let all = group * headsOfItem..<min(heads, (group + 1) * headsOfItem)
      // In parts of one size, so that the products have one shape.
      let most = max(1, Self.scoresAtOnce / (length * length))
      let parts = (all.count + most - 1) / most
      let size = (all.count + parts - 1) / parts
      for first in stride(from: all.lowerBound, to: all.upperBound, by: size) {
        let heads = first..<min(first + size, all.upperBound)
        precondition(
          heads.count * length * length <= scratch[thread].scores.count, "scratch is too small")
        body(
          Piece(
            start: start, length: length, heads: heads,
            probabilities: probabilityStarts[sequence] + first * length * length),
          scratch[thread])
      }
    }
  }

  /// The layouts of the operands of a piece's products, batched over its heads.
  private enum Layouts {
    case columns(Int)  // [L, hs] out of rows of this many columns
    case scores(Precision)  // [L, L]

    func layout(_ attention: Attention, length: Int, transposed: Bool) -> ProductShape.Layout {
      switch self {
      case .columns(let width):
        var layout = ProductShape.Layout.rows(width, transposed: transposed, attention.precision)
        layout.batch = attention.headSize
        return layout
      case .scores(let precision):
        var layout = ProductShape.Layout.rows(length, transposed: transposed, precision)
        layout.batch = length * length
        return layout
      }
    }
  }

  private func product(
    _ piece: Piece, n: Int, k: Int, _ a: Layouts, transposeA: Bool = false, _ b: Layouts,
    transposeB: Bool = false, into c: Layouts
  ) -> StridedProduct {
    let length = piece.length
    return StridedProduct(
      ProductShape(
        batch: piece.heads.count, m: length, n: n, k: k,
        a: a.layout(self, length: length, transposed: transposeA),
        b: b.layout(self, length: length, transposed: transposeB),
        c: c.layout(self, length: length, transposed: false)))
  }

  /// Writes the heads' outputs side by side, before the output projection.
  ///
  /// - Parameters:
  ///   - qkv: `[T, 3C]`: queries, keys and values of each token side by side.
  ///   - probabilities: Receives `[NH, L, L]` of each sequence, one after another, for `backward`;
  ///     nil where they are not wanted.
  ///   - scratch: One for each thread.
  ///   - output: `[T, C]`.
  package func forward(
    qkv: Operand, probabilities: OperandBuffer?, scratch: [Scratch], into output: Operand
  ) {
    check(qkv, output, scratch)
    if let probabilities {
      precondition(
        probabilityStarts[probabilityStarts.count - 1] <= probabilities.count,
        "probabilities do not fit")
    }
    let bytes = precision.elementBytes
    let scale = 1 / Float(headSize).squareRoot()
    StepProfile.time(.attention) {
      forEachPiece(scratch: scratch) { piece, scratch in
        let length = piece.length
        let q =
          qkv.base + (piece.start * 3 * hidden + piece.heads.lowerBound * headSize) * bytes
        let scores = scratch.scores.base
        product(
          piece, n: length, k: headSize, .columns(3 * hidden), .columns(3 * hidden),
          transposeB: true, into: .scores(.fp32)
        ).run(q, q + hidden * bytes, into: scores)
        let p =
          probabilities.map { $0.base + piece.probabilities * bytes } ?? scratch.rounded.base
        let rows = piece.heads.count * length
        switch precision {
        case .fp32:
          decant_softmax_f32(scores, p.assumingMemoryBound(to: Float.self), scale, rows, length)
        case .bf16:
          decant_softmax_bf16(scores, p.assumingMemoryBound(to: UInt16.self), scale, rows, length)
        }
        product(
          piece, n: headSize, k: length, .scores(precision), .columns(3 * hidden),
          into: .columns(hidden)
        ).run(
          p, q + 2 * hidden * bytes,
          into: output.base + (piece.start * hidden + piece.heads.lowerBound * headSize) * bytes)
      }
    }
  }

  /// Gradients of queries, keys and values from the gradient of the heads' outputs.
  ///
  /// - Parameters:
  ///   - dOutput: `[T, C]`.
  ///   - qkv: As given to `forward`.
  ///   - probabilities: As `forward` wrote them.
  ///   - scratch: One for each thread.
  ///   - dQKV: Receives `[T, 3C]`.
  package func backward(
    _ dOutput: Operand, qkv: Operand, probabilities: OperandBuffer, scratch: [Scratch],
    into dQKV: Operand
  ) {
    check(qkv, dOutput, scratch)
    check(dQKV, dOutput, scratch)
    let bytes = precision.elementBytes
    let scale = 1 / Float(headSize).squareRoot()
    StepProfile.time(.attention) {
      forEachPiece(scratch: scratch) { piece, scratch in
        let length = piece.length
        let offset = (piece.start * 3 * hidden + piece.heads.lowerBound * headSize) * bytes
        let (q, dq) = (qkv.base + offset, dQKV.base + offset)
        let (k, v) = (q + hidden * bytes, q + 2 * hidden * bytes)
        let p = probabilities.base + piece.probabilities * bytes
        let dOut =
          dOutput.base + (piece.start * hidden + piece.heads.lowerBound * headSize) * bytes
        let (dP, dS) = (scratch.scores.base, scratch.rounded.base)
        let wide = Layouts.columns(3 * hidden)
        // dV = Pᵀ dOut; dP = dOut Vᵀ; dS = softmax'(dP); dQ = dS K; dK = dSᵀ Q.
        product(
          piece, n: headSize, k: length, .scores(precision), transposeA: true, .columns(hidden),
          into: wide
        ).run(p, dOut, into: dq + 2 * hidden * bytes)
        product(
          piece, n: length, k: headSize, .columns(hidden), wide, transposeB: true,
          into: .scores(.fp32)
        ).run(dOut, v, into: dP)
        let rows = piece.heads.count * length
        switch precision {
        case .fp32:
          decant_softmax_backward_f32(
            dP, p.assumingMemoryBound(to: Float.self), dS.assumingMemoryBound(to: Float.self),
            scale, rows, length)
        case .bf16:
          decant_softmax_backward_bf16(
            dP, p.assumingMemoryBound(to: UInt16.self), dS.assumingMemoryBound(to: UInt16.self),
            scale, rows, length)
        }
        product(piece, n: headSize, k: length, .scores(precision), wide, into: wide)
          .run(dS, k, into: dq)
        product(
          piece, n: headSize, k: length, .scores(precision), transposeA: true, wide, into: wide
        ).run(dS, q, into: dq + hidden * bytes)
      }
    }
  }

  private func check(_ qkv: Operand, _ output: Operand, _ scratch: [Scratch]) {
    precondition(
      qkv.columns == 3 * hidden && output.columns == hidden && qkv.rows == output.rows,
      "shapes of queries and outputs")
    precondition(qkv.precision == precision && output.precision == precision, "another format")
    precondition(scratch.count >= Parallel.threads, "scratch for each thread")
  }
}

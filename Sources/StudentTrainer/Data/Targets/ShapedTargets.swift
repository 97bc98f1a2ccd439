/// Kept IDs with their logits, and low-rank logits that give the tail its shape, for n targets.
///
/// With h the kept logits minus the row's largest, y the low-rank logits and beta = 1 / T, the
/// teacher's distribution at T is proportional to `exp(beta h_i)` at the kept IDs S and to
/// `exp(beta y_j + delta(beta))` elsewhere. delta gives the tail the mass that it had: exactly at
/// T = 1 and 2, by a polynomial through 0 at beta = 0 between and beyond. T has to be at least 1.
///
/// - Source: DESIGN.md, section 4.
package struct ShapedTargets: Sendable {
  /// Turns coefficients into low-rank logits: weight `[vocab, rank]`, bias `[vocab]`.
  package let decoder: TeacherDecoder
  /// Number of targets.
  package let count: Int
  /// Number of kept IDs of each target, `>= 0`.
  package let headK: Int
  /// Coefficients, `[count, rank]`, row-major.
  package let inputs: [Float]
  /// Kept IDs, `[count, headK]`, each below the vocabulary size, distinct within a target.
  package let ids: [Int32]
  /// Their logits minus the row's largest, `<= 0`, not divided by T; `[count, headK]`.
  package let headLogits: [Float]
  /// `a(1)`, `a(1/2)` and perhaps `a(3/4)` of each target, `[count, 2 or 3]`: the log of the sum over
  /// the IDs outside S of `exp(beta (z - max))`, in nats.
  package let tailPartitions: [Float]

  /// Targets from their parts.
  ///
  /// - Precondition: every array has as many values as `count` asks for, and a head is smaller than
  ///   the vocabulary.
  package init(
    decoder: TeacherDecoder, count: Int, headK: Int, inputs: [Float], ids: [Int32],
    headLogits: [Float], tailPartitions: [Float]
  ) {
    precondition(
      inputs.count == count * decoder.hiddenSize, "inputs of \(decoder.hiddenSize) values")
    precondition(
      headK >= 0 && headK < decoder.vocabSize, "a head of \(headK) of \(decoder.vocabSize)")
    precondition(
      ids.count == count * headK && headLogits.count == count * headK, "heads of \(headK)")
    precondition(
      tailPartitions.count == count * 2 || tailPartitions.count == count * 3,
      "two or three log-partitions a target")
    self.decoder = decoder
    self.count = count
    self.headK = headK
    self.inputs = inputs
    self.ids = ids
    self.headLogits = headLogits
    self.tailPartitions = tailPartitions
  }

  /// a(1), a(1/2) and perhaps a(3/4) of one target.
  func partitions(_ index: Int) -> (one: Double, half: Double, threeQuarters: Double?) {
    let width = tailPartitions.count / count
    let values = tailPartitions[width * index..<width * (index + 1)].map(Double.init)
    return (values[0], values[1], width > 2 ? values[2] : nil)
  }

  /// Passes the head of one target, without copying.
  func withHead<Result>(
    _ index: Int, _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>) -> Result
  ) -> Result {
    let range = index * headK..<(index + 1) * headK
    return ids.withUnsafeBufferPointer { ids in
      headLogits.withUnsafeBufferPointer { logits in
        body(
          UnsafeBufferPointer(rebasing: ids[range]), UnsafeBufferPointer(rebasing: logits[range]))
      }
    }
  }
}

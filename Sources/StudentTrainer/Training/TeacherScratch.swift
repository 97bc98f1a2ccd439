import Kernels

/// Memory for the teacher's logits of a chunk of rows, reused from chunk to chunk and step to step.
final class TeacherScratch {
  /// Memory for one member of an ensemble, while the mean is made in this one.
  private(set) lazy var member: TeacherScratch = TeacherScratch()
  private var logits = FloatBuffer(count: 0)
  private var inputs = FloatBuffer(count: 0)
  private var usedRows = 0

  /// Forgets what was made, and has room for `rows` rows of `vocabSize` logits.
  func begin(rows: Int, vocabSize: Int) {
    usedRows = 0
    if logits.count < rows * vocabSize { logits = FloatBuffer(count: rows * vocabSize) }
  }

  /// Rows that are not used yet, `[rows, vocabSize]`, holding anything.
  func take(rows: Int, vocabSize: Int) -> Matrix {
    defer { usedRows += rows }
    return Matrix(logits, offset: usedRows * vocabSize, rows: rows, columns: vocabSize)
  }

  /// The decoder's logits for some of its inputs, in rows that are not used yet.
  ///
  /// - Parameters:
  ///   - decoder: The product.
  ///   - values: Inputs of all targets, `[n, hidden]`.
  ///   - range: The targets that are wanted.
  /// - Returns: Their logits, `[range.count, vocab]`.
  func logits(of decoder: TeacherDecoder, _ values: [Float], _ range: Range<Int>) -> Matrix {
    let count = range.count * decoder.hiddenSize
    if inputs.count < count { inputs = FloatBuffer(count: count) }
    let output = take(rows: range.count, vocabSize: decoder.vocabSize)
    decoder.logits(of: values, range, scratch: inputs, into: output)
    return output
  }
}

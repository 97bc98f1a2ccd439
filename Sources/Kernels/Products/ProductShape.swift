/// The shape of one product on one thread: `C[b] = A[b] B[b] + bias` over strided matrices.
///
/// Legend: A `[M, K]`, B `[K, N]`, C `[M, N]`.
struct ProductShape: Hashable {
  /// How an operand lies in memory, in elements.
  struct Layout: Hashable {
    var precision: Precision
    var row: Int
    var column: Int
    var batch = 0

    /// A row-major matrix whose rows are `stride` apart, or its transpose.
    static func rows(_ stride: Int, transposed: Bool = false, _ precision: Precision) -> Layout {
      Layout(
        precision: precision, row: transposed ? 1 : stride, column: transposed ? stride : 1)
    }
  }

  var batch = 1
  var m: Int
  var n: Int
  var k: Int
  var a: Layout
  var b: Layout
  var c: Layout
  /// B lies as `PackedWeight` packed it.
  var isPacked = false
  var hasBias = false
  var accumulates = false
}

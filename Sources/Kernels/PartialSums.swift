import CKernels

/// Column sums that a pass over rows collects on the way: each thread has its own, and they are
/// added in the order of the rows.
enum PartialSums {
  /// Runs `body` over parts of the rows, and adds what it summed to the targets.
  ///
  /// - Parameters:
  ///   - rows: Number of rows.
  ///   - columns: Columns of each sum.
  ///   - targets: Each `[columns]`, added to.
  ///   - partials: Scratch of at least `Parallel.threads * targets.count * columns` floats.
  ///   - body: Receives the rows and zeroed sums, `[targets.count, columns]`, to add to.
  static func add(
    rows: Int, columns: Int, to targets: [UnsafeMutablePointer<Float>], partials: FloatBuffer,
    _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let size = targets.count * columns
    let parts = Parallel.parts(rows, grain: 8)
    precondition(partials.count >= parts * size, "scratch is too small")
    partials.base.update(repeating: 0, count: parts * size)
    Parallel.forEachPart(rows, grain: 8) { index, part in
      body(part, partials.base + index * size)
    }
    for part in 0..<parts {
      for (index, target) in targets.enumerated() {
        decant_add(target, partials.base + part * size + index * columns, columns)
      }
    }
  }
}

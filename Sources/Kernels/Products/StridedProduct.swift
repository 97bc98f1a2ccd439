import CKernels
import COpenBLAS

/// One product on the calling thread, by oneDNN where it has kernels and by OpenBLAS elsewhere.
struct StridedProduct {
  let shape: ProductShape
  private let compiled: OneDNNProduct?

  /// Prepares a product; a shape met before is at hand.
  init(_ shape: ProductShape) {
    self.shape = shape
    compiled = OneDNN.isUsed ? OneDNN.product(shape) : nil
  }

  /// Writes C, or adds to it.
  func run(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, bias: UnsafePointer<Float>? = nil,
    into c: UnsafeMutableRawPointer
  ) {
    if let compiled { return compiled.run(a, b, bias: bias, into: c) }
    for index in 0..<shape.batch {
      PortableProduct.run(
        shape, a + index * shape.a.batch * shape.a.precision.elementBytes,
        b + index * shape.b.batch * shape.b.precision.elementBytes, bias: bias,
        into: c + index * shape.c.batch * shape.c.precision.elementBytes)
    }
  }
}

/// The path for processors that oneDNN has no kernels for: single precision by OpenBLAS, other
/// formats widened before and rounded after.
enum PortableProduct {
  static func run(
    _ shape: ProductShape, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    bias: UnsafePointer<Float>?, into c: UnsafeMutableRawPointer
  ) {
    precondition(!shape.isPacked, "packed weights are oneDNN's")
    let (m, n, k) = (shape.m, shape.n, shape.k)
    widened(a, shape.a, rows: m, columns: k) { a, aLayout in
      widened(b, shape.b, rows: k, columns: n) { b, bLayout in
        inFloats(c, shape.c, rows: m, columns: n, reads: shape.accumulates) { c, stride in
          sgemm(shape, a, aLayout, b, bLayout, into: c, stride: stride)
          guard let bias else { return }
          for row in 0..<m { decant_add(c + row * stride, bias, n) }
        }
      }
    }
  }

  private static func sgemm(
    _ shape: ProductShape, _ a: UnsafePointer<Float>, _ aLayout: ProductShape.Layout,
    _ b: UnsafePointer<Float>, _ bLayout: ProductShape.Layout,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    _ = OpenBLAS.kernels
    cblas_sgemm(
      CblasRowMajor, aLayout.isTransposed ? CblasTrans : CblasNoTrans,
      bLayout.isTransposed ? CblasTrans : CblasNoTrans, blasint(shape.m), blasint(shape.n),
      blasint(shape.k), 1, a, blasint(aLayout.leading), b, blasint(bLayout.leading),
      shape.accumulates ? 1 : 0, c, blasint(stride))
  }

  private static func widened(
    _ base: UnsafeRawPointer, _ layout: ProductShape.Layout, rows: Int, columns: Int,
    _ body: (UnsafePointer<Float>, ProductShape.Layout) -> Void
  ) {
    guard layout.precision == .bf16 else {
      return body(base.assumingMemoryBound(to: Float.self), layout)
    }
    let source = base.assumingMemoryBound(to: UInt16.self)
    let (lines, width) = layout.isTransposed ? (columns, rows) : (rows, columns)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, lines * width)) { floats in
      guard let start = floats.baseAddress else { return }
      for line in 0..<lines {
        decant_bfloat16_to_float(source + line * layout.leading, start + line * width, width)
      }
      body(start, .rows(width, transposed: layout.isTransposed, .fp32))
    }
  }

  private static func inFloats(
    _ base: UnsafeMutableRawPointer, _ layout: ProductShape.Layout, rows: Int, columns: Int,
    reads: Bool, _ body: (UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    guard layout.precision == .bf16 else {
      return body(base.assumingMemoryBound(to: Float.self), layout.row)
    }
    let target = base.assumingMemoryBound(to: UInt16.self)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, rows * columns)) { floats in
      guard let start = floats.baseAddress else { return }
      if reads {
        for row in 0..<rows {
          decant_bfloat16_to_float(target + row * layout.row, start + row * columns, columns)
        }
      }
      body(start, columns)
      for row in 0..<rows {
        decant_float_to_bfloat16(start + row * columns, target + row * layout.row, columns)
      }
    }
  }
}

extension ProductShape.Layout {
  /// True where the columns, not the rows, are contiguous.
  var isTransposed: Bool { row == 1 && column != 1 }

  /// Elements from one contiguous line to the next.
  var leading: Int { isTransposed ? column : row }
}

import COneDNN
import Synchronization

/// A compiled product and the memory objects that its executions use in turn.
final class OneDNNProduct: @unchecked Sendable {  // executions are handed out under a lock
  private var product = decant_product()
  private let shape: ProductShape
  private let idle = Mutex<[Execution]>([])

  /// What one execution needs for itself, so that threads share the compiled code alone.
  private final class Execution: @unchecked Sendable {  // used by one thread at a time
    var objects = decant_execution()
    let scratchpad: UnsafeMutableRawPointer

    init(_ product: inout decant_product, hasBias: Bool) {
      scratchpad = Allocations.allocate(bytes: product.scratchpad_bytes)
      let status = decant_execution_make(
        OneDNN.engine, &product, hasBias ? 1 : 0, scratchpad, &objects)
      precondition(
        status == dnnl_success, "oneDNN made no memory objects: status \(status.rawValue)")
    }

    deinit {
      decant_execution_free(&objects)
      scratchpad.deallocate()
    }
  }

  /// Compiles a product.
  ///
  /// - Parameters:
  ///   - shape: With `isPacked`, B takes the layout that suits it.
  ///   - weights: The product whose packed weights this one reads.
  init(_ shape: ProductShape, weights: OneDNNProduct?) {
    self.shape = shape
    OneDNN.useOneThread()
    var description = shape.description
    let status =
      if let weights {
        decant_product_make(OneDNN.engine, &description, &weights.product, &product)
      } else {
        decant_product_make(OneDNN.engine, &description, nil, &product)
      }
    precondition(
      status == dnnl_success, "oneDNN has no product of \(shape): status \(status.rawValue)")
  }

  deinit { decant_product_free(&product) }

  /// Bytes of B as this product reads it.
  var weightBytes: Int { product.weight_bytes }

  /// Runs the product on this thread.
  func run(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    into c: UnsafeMutableRawPointer
  ) {
    OneDNN.useOneThread()
    let execution = idle.withLock { $0.popLast() } ?? Execution(&product, hasBias: shape.hasBias)
    let status = decant_execute(&product, &execution.objects, a, b, bias, c)
    precondition(status == dnnl_success, "oneDNN failed at \(shape): status \(status.rawValue)")
    idle.withLock { $0.append(execution) }
  }

  /// Writes floats B, `[K, N]`, into the layout that this product reads.
  func pack(
    _ b: UnsafePointer<Float>, rowStride: Int, columnStride: Int,
    into packed: UnsafeMutableRawPointer
  ) {
    OneDNN.useOneThread()
    let strides = [Int64(rowStride), Int64(columnStride)]
    let status = decant_pack(
      OneDNN.engine, &product, Int64(shape.k), Int64(shape.n), strides, b, packed)
    precondition(status == dnnl_success, "oneDNN did not pack \(shape): status \(status.rawValue)")
  }
}

extension ProductShape {
  fileprivate var description: decant_product_shape {
    decant_product_shape(
      batch: Int64(batch), m: Int64(m), n: Int64(n), k: Int64(k), a: a.operand, b: b.operand,
      c: c.operand, packed: isPacked ? 1 : 0, bias: hasBias ? 1 : 0,
      accumulate: accumulates ? 1 : 0)
  }
}

extension ProductShape.Layout {
  fileprivate var operand: decant_operand {
    decant_operand(
      strides: (Int64(batch), Int64(row), Int64(column)), bfloat16: precision == .bf16 ? 1 : 0)
  }
}

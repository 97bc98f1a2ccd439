import ShardStore

/// The states of one layer at the rows of a block, as they are written.
///
/// Several threads may add rows at once, each its own. `@unchecked Sendable`: each row writes its own
/// elements of storage that is allocated before, and `streams` reads after all rows are in.
final class StateEncoder: @unchecked Sendable {
  private let storage: StateStorage
  private let width: Int
  private let names: (values: String, scales: String)
  private let values: RowStorage<Int8>  // [rows][H]
  private let scales: RowStorage<UInt16>
  private let halves: RowStorage<UInt16>  // [rows][H], fp16 or bf16

  /// Room for a block's rows.
  ///
  /// - Parameters:
  ///   - layer: The teacher's layer.
  ///   - specification: How states are kept: as int8, fp16 or bf16.
  ///   - rows: Rows of the block.
  init(layer: Int, specification: CacheSpecification, rows: Int) {
    storage = specification.states
    width = specification.teacher.hiddenSize
    names = StreamName.states(ofLayer: layer, of: specification.teacher.layers)
    let isInt8 = storage == .int8
    values = RowStorage(repeating: 0, count: isInt8 ? rows * width : 0)
    scales = RowStorage(repeating: 0, count: isInt8 ? rows : 0)
    halves = RowStorage(repeating: 0, count: isInt8 ? 0 : rows * width)
  }

  /// Keeps the state of a row, `[hiddenSize]`; false where a number is not finite, or too large.
  func add(_ row: Int, _ state: UnsafeBufferPointer<Float>) -> Bool {
    if storage == .int8 {
      guard let scale = QuantizedRows.quantize(state, into: values.row(row, columns: width)) else {
        return false
      }
      scales.elements[row] = scale
      return true
    }
    let isBrain = storage == .bf16
    let target = halves.row(row, columns: width)
    for (column, value) in state.enumerated() {
      if isBrain {
        guard let bits = BrainFloat.bits(value) else { return false }
        target[column] = bits
      } else {
        let half = Float16(value)
        guard half.isFinite else { return false }
        target[column] = half.bitPattern
      }
    }
    return true
  }

  /// The layer's streams.
  func streams() -> [NamedStream] {
    guard storage == .int8 else {
      return [NamedStream(name: names.values, bytes: BytePlanes.split(halves.elements))]
    }
    return [
      NamedStream(name: names.values, bytes: values.elements.map(UInt8.init(bitPattern:))),
      NamedStream(name: names.scales, bytes: BytePlanes.split(scales.elements)),
    ]
  }
}

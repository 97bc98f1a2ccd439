/// A fixed array that several threads fill, each its own elements.
///
/// Owns its memory. `@unchecked Sendable`: the owner gives each element to one thread, and reads
/// only after all have ended.
final class RowStorage<Element: BitwiseCopyable>: @unchecked Sendable {
  let elements: UnsafeMutableBufferPointer<Element>

  init(repeating value: Element, count: Int) {
    elements = .allocate(capacity: count)
    elements.initialize(repeating: value)
  }

  deinit { elements.deallocate() }

  /// The elements of one row of `columns`.
  func row(_ row: Int, columns: Int) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(rebasing: elements[row * columns..<(row + 1) * columns])
  }

  /// The elements `[index * count, (index + 1) * count)`.
  func part(_ index: Int, count: Int) -> Slice<UnsafeMutableBufferPointer<Element>> {
    elements[index * count..<(index + 1) * count]
  }
}

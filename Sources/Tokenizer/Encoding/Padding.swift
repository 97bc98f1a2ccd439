/// How sequences are filled up to a common length.
public struct Padding: Sendable, Hashable {
  /// The length to fill up to.
  public enum Length: Sendable, Hashable {
    /// That of the longest sequence of the batch.
    case longest
    /// A fixed number of tokens; longer sequences stay as they are.
    case fixed(Int)
  }

  /// The length to fill up to.
  public var length: Length
  /// The length is rounded up to a multiple of this; nil or 1 for no rounding.
  public var multipleOf: Int?
  /// The side on which padding is put.
  public var direction: SequenceSide

  /// Fills up at the end, to the longest sequence, where not said otherwise.
  ///
  /// - Parameters:
  ///   - length: The length to fill up to.
  ///   - multipleOf: The length is rounded up to a multiple of this, at least 1.
  ///   - direction: The side on which padding is put.
  public init(
    length: Length = .longest, multipleOf: Int? = nil, direction: SequenceSide = .right
  ) {
    precondition(multipleOf.map { $0 > 0 } ?? true, "a multiple is at least 1")
    self.length = length
    self.multipleOf = multipleOf
    self.direction = direction
  }

  /// The length to fill up to, for sequences of which the longest has `longest` tokens.
  func target(longest: Int) -> Int {
    let target =
      switch length {
      case .longest: longest
      case .fixed(let count): count
      }
    guard let multipleOf, target % multipleOf != 0 else { return target }
    return target + multipleOf - target % multipleOf
  }
}

extension Encoding {
  /// Fills the encoding and its overflow up to a length.
  func padded(to target: Int, with item: Item, on side: SequenceSide) -> Encoding {
    var fill = Encoding()
    for _ in 0..<max(0, target - count) { fill.append(item) }
    var result: Encoding
    switch side {
    case .left:
      result = fill
      result.append(self)
    case .right:
      result = self
      result.append(fill)
    }
    result.overflowing = overflowing.padded(to: target, with: item, on: side)
    return result
  }
}

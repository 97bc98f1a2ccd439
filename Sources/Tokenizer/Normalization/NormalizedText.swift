/// Normalized code points, each with the span of source code points that it stands for.
package struct NormalizedText: Sendable, Equatable {
  /// The normalized code points.
  package private(set) var scalars: [UInt32] = []
  /// Index of the first source code point of each normalized one.
  package private(set) var starts: [Int] = []
  /// Index past the last source code point of each normalized one.
  package private(set) var ends: [Int] = []

  var count: Int { scalars.count }

  /// An empty text.
  package init() {}

  /// Source code points as they are; the first has the index `origin`.
  package init(scalars: some Collection<UInt32>, origin: Int = 0) {
    self.scalars = Array(scalars)
    starts = Array(origin..<origin + scalars.count)
    ends = starts.map { $0 + 1 }
  }

  mutating func append(_ scalar: UInt32, start: Int, end: Int) {
    scalars.append(scalar)
    starts.append(start)
    ends.append(end)
  }

  /// The span of source code points that a non-empty range of normalized ones covers.
  ///
  /// From the start of the first to the end of the last: what was removed inside is covered, what
  /// was removed around is not.
  func sourceSpan(of range: Range<Int>) -> Range<Int> {
    starts[range.lowerBound]..<max(starts[range.lowerBound], ends[range.upperBound - 1])
  }
}

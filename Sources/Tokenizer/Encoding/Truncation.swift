/// How sequences are cut to a length.
///
/// - Source: `truncate_encodings` and `Encoding::truncate` of Hugging Face `tokenizers` 0.23.3.
public struct Truncation: Sendable, Hashable {
  /// Which sequence of a pair is cut.
  public enum Strategy: String, Sendable, Hashable {
    /// The longer one, down to the other's length and then both.
    case longestFirst = "longest_first"
    /// The first only.
    case onlyFirst = "only_first"
    /// The second only.
    case onlySecond = "only_second"
  }

  /// Most tokens of the whole, special tokens included.
  public var maxLength: Int
  /// Tokens that a part of the overflow repeats from the part before.
  public var stride: Int
  /// Which sequence of a pair is cut.
  public var strategy: Strategy
  /// The side from which tokens are taken away.
  public var direction: SequenceSide
  /// Whether what was cut off is returned; for pairs that is every combination of parts.
  public var returnsOverflow: Bool

  /// Cuts the longer sequence at its end, where not said otherwise.
  ///
  /// - Parameters:
  ///   - maxLength: Most tokens of the whole, special tokens included, at least 0.
  ///   - stride: Tokens that a part of the overflow repeats from the part before, at least 0.
  ///   - strategy: Which sequence of a pair is cut.
  ///   - direction: The side from which tokens are taken away.
  ///   - returnsOverflow: Whether what was cut off is returned.
  public init(
    maxLength: Int, stride: Int = 0, strategy: Strategy = .longestFirst,
    direction: SequenceSide = .right, returnsOverflow: Bool = false
  ) {
    precondition(maxLength >= 0 && stride >= 0, "lengths are not negative")
    self.maxLength = maxLength
    self.stride = stride
    self.strategy = strategy
    self.direction = direction
    self.returnsOverflow = returnsOverflow
  }

  /// What is kept of each sequence, as lengths.
  ///
  /// - Parameters:
  ///   - first: Tokens of the first sequence.
  ///   - second: Tokens of the second; nil where there is none.
  ///   - room: Most tokens of both, special tokens left out.
  /// - Throws: ``TokenizerError`` where the strategy cannot be followed.
  func keptLengths(first: Int, second: Int?, room: Int) throws -> (first: Int, second: Int) {
    let total = first + (second ?? 0)
    guard room > 0 else { return (0, 0) }
    guard total > room else { return (first, second ?? 0) }
    let excess = total - room
    switch strategy {
    case .longestFirst:
      guard let second else { return (room, 0) }
      var (shorter, longer) = (min(first, second), max(first, second))
      longer = shorter > room ? shorter : max(shorter, room - shorter)
      if shorter + longer > room {
        shorter = room / 2
        longer = shorter + room % 2
      }
      return first > second ? (longer, shorter) : (shorter, longer)
    case .onlyFirst:
      guard first > excess else {
        throw TokenizerError.sequenceTooShort(sequence: "first", length: first, excess: excess)
      }
      return (first - excess, second ?? 0)
    case .onlySecond:
      guard let second else { throw TokenizerError.missingSecondSequence }
      guard second > excess else {
        throw TokenizerError.sequenceTooShort(sequence: "second", length: second, excess: excess)
      }
      return (first, second - excess)
    }
  }

  /// The parts of a sequence: first what is kept, then what overflows.
  ///
  /// - Throws: ``TokenizerError/strideTooLong(stride:keptLength:)`` where parts would not move on.
  func parts(count: Int, keeping kept: Int) throws -> [Range<Int>] {
    guard kept < count else { return [0..<count] }
    // The reference keeps nothing and lets all of it overflow as one part.
    guard kept > 0 else { return returnsOverflow ? [0..<0, 0..<count] : [0..<0] }
    guard stride < kept else {
      throw TokenizerError.strideTooLong(stride: stride, keptLength: kept)
    }
    var parts: [Range<Int>] = []
    switch direction {
    case .right:
      var start = 0
      repeat {
        parts.append(start..<min(start + kept, count))
        start += kept - stride
      } while parts[parts.count - 1].upperBound < count
    case .left:
      var end = count
      repeat {
        parts.append(max(0, end - kept)..<end)
        end -= kept - stride
      } while parts[parts.count - 1].lowerBound > 0
    }
    return returnsOverflow ? parts : [parts[0]]
  }
}

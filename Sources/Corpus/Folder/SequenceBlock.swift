/// The sequences of one block, laid end to end.
package struct SequenceBlock: Sendable, Equatable {
  /// Tokens of each sequence, `[CLS]` and `[SEP]` included.
  package let lengths: [Int32]
  /// The IDs of all sequences, `[CLS] … [SEP]` after `[CLS] … [SEP]`.
  package let tokenIDs: [Int32]
  /// Where each sequence begins in `tokenIDs`, and the end of the last.
  private let starts: [Int]

  /// Joins lengths and IDs.
  ///
  /// - Precondition: the lengths are not negative and add up to the number of IDs.
  package init(lengths: [Int32], tokenIDs: [Int32]) {
    self.lengths = lengths
    self.tokenIDs = tokenIDs
    var starts = [0]
    for length in lengths {
      precondition(length >= 0, "a length is not negative")
      starts.append(starts[starts.count - 1] + Int(length))
    }
    self.starts = starts
    precondition(
      starts[starts.count - 1] == tokenIDs.count, "lengths add up to the number of IDs")
  }

  /// Number of sequences.
  package var count: Int { lengths.count }

  /// The IDs of a sequence.
  ///
  /// - Precondition: `index` is in `0 ..< count`.
  package func sequence(_ index: Int) -> ArraySlice<Int32> {
    tokenIDs[starts[index]..<starts[index + 1]]
  }
}

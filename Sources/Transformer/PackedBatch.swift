/// Sequences of tokens laid end to end, without padding.
package struct PackedBatch: Sendable {
  /// Token IDs of all sequences, shape `[tokens]`.
  package var tokenIDs: [Int32]
  /// Token types, shape `[tokens]`; empty means all 0.
  package var typeIDs: [Int32]
  /// Where each sequence starts: `B + 1` offsets, the first 0, the last the count of tokens.
  package var sequenceStarts: [Int32]

  /// Packs tokens.
  ///
  /// - Precondition: `sequenceStarts` rises from 0 to the count of tokens.
  package init(tokenIDs: [Int32], typeIDs: [Int32] = [], sequenceStarts: [Int32]) {
    precondition(
      sequenceStarts.first == 0 && sequenceStarts.last.map(Int.init) == tokenIDs.count,
      "sequence starts do not span the \(tokenIDs.count) tokens")
    precondition(
      zip(sequenceStarts, sequenceStarts.dropFirst()).allSatisfy { $0 < $1 },
      "a sequence is empty")
    precondition(typeIDs.isEmpty || typeIDs.count == tokenIDs.count, "token types do not fit")
    self.tokenIDs = tokenIDs
    self.typeIDs = typeIDs
    self.sequenceStarts = sequenceStarts
  }

  /// Packs sequences given one by one.
  package init(sequences: [[Int32]]) {
    var starts: [Int32] = [0]
    for sequence in sequences { starts.append(starts[starts.count - 1] + Int32(sequence.count)) }
    self.init(tokenIDs: sequences.flatMap(\.self), sequenceStarts: starts)
  }

  /// Tokens in the batch.
  package var tokenCount: Int { tokenIDs.count }
  /// Sequences in the batch.
  package var sequenceCount: Int { sequenceStarts.count - 1 }

  /// Tokens of the longest sequence.
  package var longestSequence: Int {
    zip(sequenceStarts, sequenceStarts.dropFirst()).map { Int($1 - $0) }.max() ?? 0
  }
}

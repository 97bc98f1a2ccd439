import Corpus
import Transformer

/// Collects corrupted sequences into one packed batch.
struct MaskedSequences {
  /// One sequence as it was added.
  struct Entry {
    let reference: SequenceReference
    /// Index of its first token in the batch.
    let start: Int
    let original: ArraySlice<Int32>
    let corrupted: [Int32]
    /// Masked positions within the sequence, ascending.
    let positions: [Int32]
  }

  private(set) var entries: [Entry] = []
  private var tokenIDs: [Int32] = []
  private var starts: [Int32] = [0]

  /// No sequence yet.
  init() {}

  /// Corrupts the sequences of a batch.
  init(
    _ references: [SequenceReference], store: SequenceStore, masker: Masker, replica: Int
  ) throws {
    for reference in references {
      append(reference, original: try store.ids(reference), masker: masker, replica: replica)
    }
  }

  /// Corrupts and adds a sequence.
  mutating func append(
    _ reference: SequenceReference, original: ArraySlice<Int32>, masker: Masker, replica: Int
  ) {
    let (corrupted, positions) = masker.corrupt(original, replica: replica)
    entries.append(
      Entry(
        reference: reference, start: tokenIDs.count, original: original, corrupted: corrupted,
        positions: positions))
    tokenIDs += corrupted
    starts.append(Int32(tokenIDs.count))
  }

  /// Tokens collected so far.
  var tokenCount: Int { tokenIDs.count }

  /// The corrupted tokens.
  var packed: PackedBatch { PackedBatch(tokenIDs: tokenIDs, sequenceStarts: starts) }

  /// Rows of the masked tokens and their original IDs.
  var maskedRows: (rows: [Int32], labels: [Int32]) {
    var rows: [Int32] = []
    var labels: [Int32] = []
    for entry in entries {
      for position in entry.positions {
        rows.append(Int32(entry.start) + position)
        labels.append(entry.original[entry.original.startIndex + Int(position)])
      }
    }
    return (rows, labels)
  }

  /// The original ID of each token that is masked, -1 elsewhere; as many as there are tokens.
  var labelOfToken: [Int32] {
    var labels = [Int32](repeating: -1, count: tokenIDs.count)
    let masked = maskedRows
    for (row, label) in zip(masked.rows, masked.labels) { labels[Int(row)] = label }
    return labels
  }
}

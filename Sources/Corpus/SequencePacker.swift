/// Cuts token IDs into bodies of sequences, each at most `bodyLength` long.
///
/// A document is cut at the maximum length and what is left at its end is a shorter sequence; nothing
/// is dropped. Where documents are mixed, their IDs are joined without anything between them (no
/// `[SEP]` at the joint), in the manner of `run_mlm.py` and DistilBERT, and only the end of the file
/// ends the last sequence.
struct SequencePacker {
  private let bodyLength: Int
  private let mixDocuments: Bool
  private var pending: [Int32] = []

  /// - Parameters:
  ///   - maxLength: Tokens of a sequence with `[CLS]` and `[SEP]`; 3 or more.
  ///   - mixDocuments: Whether a body may go on into the next document.
  init(maxLength: Int, mixDocuments: Bool) {
    precondition(maxLength >= 3, "a sequence holds [CLS], a token and [SEP]")
    bodyLength = maxLength - 2
    self.mixDocuments = mixDocuments
  }

  /// Adds IDs of the present document and emits the bodies that are full.
  mutating func append(_ ids: [Int32], emit: (ArraySlice<Int32>) throws -> Void) rethrows {
    pending.append(contentsOf: ids)
    var start = 0
    while pending.count - start >= bodyLength {
      try emit(pending[start..<start + bodyLength])
      start += bodyLength
    }
    pending.removeFirst(start)
  }

  /// Ends a document.
  mutating func endDocument(emit: (ArraySlice<Int32>) throws -> Void) rethrows {
    if !mixDocuments {
      try flush(emit: emit)
    }
  }

  /// Emits what is left, as the end of a file does.
  mutating func flush(emit: (ArraySlice<Int32>) throws -> Void) rethrows {
    guard !pending.isEmpty else { return }
    try emit(pending[...])
    pending.removeAll(keepingCapacity: true)
  }
}

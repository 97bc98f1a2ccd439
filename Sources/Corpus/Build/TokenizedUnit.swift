/// The token IDs of one unit of text, document after document.
///
/// A worker fills it, then one thread reads it.
final class TokenizedUnit: @unchecked Sendable {  // handed on, never shared: one thread at a time
  /// A document that ends in the unit.
  struct Document: Sendable {
    /// Index behind its last ID.
    var end: Int
    /// Whether any text of it was in the unit.
    var hasText: Bool
    /// Hash of its text; nil where nobody asked.
    var hash: DocumentHash?
  }

  /// The IDs of all documents of the unit, without special tokens of sequences.
  var tokenIDs: [Int32] = []
  /// Indices of IDs with which sentences start, ascending; empty where nobody asked.
  var sentenceStarts: [Int32] = []
  /// The documents that end here; IDs behind the last one belong to a document that goes on.
  var documents: [Document] = []
  /// Whether there is text behind the last document's end.
  var hasOpenText = false
  /// Whether a blank line comes before the unit's first text.
  var startsWithBreak = false
  /// Whether the unit's text ends with a sentence.
  var endsSentence = false
  /// Lines and repairs.
  var summary = UnitParser.Summary()
  /// Lines that could not be used.
  var badLines: [BadLine] = []

  /// Where the unit begins in the file's text.
  var byteOffset = 0
  /// Its bytes of text.
  var byteCount = 0
  /// Whether the file ends here.
  var isLast = false
  /// Why there is no text.
  var failure: TextUnit.Failure?
  /// Bytes read from the disk until the unit was full.
  var bytesRead = 0
  /// The text's column in a table, from 0.
  var column = 0

  /// Becomes the empty result of another unit; the memory of the IDs is used again.
  func reset(for unit: TextUnit) {
    tokenIDs.removeAll(keepingCapacity: true)
    sentenceStarts.removeAll(keepingCapacity: true)
    documents.removeAll(keepingCapacity: true)
    badLines = []
    (hasOpenText, startsWithBreak, endsSentence) = (false, false, false)
    summary = UnitParser.Summary()
    (byteOffset, byteCount, isLast) = (unit.byteOffset, unit.count, unit.isLast)
    (failure, bytesRead, column) = (unit.failure, unit.bytesRead, unit.column)
  }
}

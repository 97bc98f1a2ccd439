/// What counts as one document in a `.txt` file; a record of another file always is one.
package enum DocumentUnit: String, Codable, CaseIterable, Sendable {
  /// Every line.
  case line
  /// Lines up to a blank one (nothing but spaces, tabs and carriage returns).
  case paragraph
  /// The whole file.
  case file
}

/// Reads the documents of one input, piece by piece, in bounded memory.
///
/// Text that is not UTF-8 is repaired (each maximal ill-formed part, and each JSON escape of half a
/// surrogate pair, becomes U+FFFD) and counted. A byte order mark at the start is passed over.
/// Owns the open file; one thread at a time.
package final class TextSource {
  /// What the reader finds, in order.
  package enum Event {
    /// A piece of the present document: valid UTF-8, without its line break; the bytes live for the
    /// call only.
    case text(UnsafeRawBufferPointer)
    /// The present document is over; it may have had no text.
    case endOfDocument
  }

  /// The longest line that is held in memory.
  package static let lineLimitBytes = 1 << 28

  /// The file being read.
  package let file: TextFile
  /// Ill-formed parts of UTF-8 that were replaced so far.
  package private(set) var repairedCount = 0
  /// Bytes read from the disk so far, compressed where the file is.
  package var bytesRead: Int { reader.bytesRead }
  /// SHA-256 of the bytes read from the disk so far, in hexadecimal.
  package var digest: String { reader.digest }

  private let reader: UnitReader
  private let parser: UnitParser
  private let unit: DocumentUnit

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - file: What to read.
  ///   - unit: What counts as one document of a `.txt` file.
  ///   - jsonField: Where the text of a `.jsonl` record is, such as `text` or `meta.body`.
  ///   - column: Which column of a table holds the text.
  ///   - strict: Whether text that is not UTF-8 is an error.
  ///   - unitBytes: Bytes that are read at a time, about.
  ///   - lineLimitBytes: The longest line that is held in memory.
  /// - Throws: `CorpusError.unreadable`, `.invalidOption` (a table without a column).
  package init(
    file: TextFile, unit: DocumentUnit, jsonField: String = "text", column: TableColumn? = nil,
    strict: Bool = false, unitBytes: Int = 1 << 20,
    lineLimitBytes: Int = TextSource.lineLimitBytes
  ) throws {
    self.file = file
    self.unit = unit
    parser = UnitParser(
      format: file.format, documentUnit: unit, jsonPath: JSONPath(jsonField), isStrict: strict)
    reader = try UnitReader(
      file: file, documentUnit: unit, column: column,
      unitBytes: max(1, min(unitBytes, lineLimitBytes)), limitBytes: lineLimitBytes)
  }

  /// Reads the file to its end; to be called once.
  ///
  /// - Parameter body: Receives the pieces and ends of documents in order.
  /// - Throws: `CorpusError` for damage in the file (`.unreadable`, `.badGzip`, `.badZstd`,
  ///   `.invalidUTF8`, `.badJSON`, `.badField`, `.badRow`, `.noColumn`, `.lineTooLong`), and what
  ///   `body` throws.
  package func forEachEvent(_ body: (Event) throws -> Void) throws {
    var isInDocument = false
    var linesBefore = 0
    while let next = try reader.nextUnit() {
      if next.failure != nil {
        throw CorpusError.lineTooLong(
          file: file.path, line: linesBefore + 1, byteOffset: next.byteOffset,
          limitBytes: reader.limitBytes)
      }
      let summary = try parser.forEachEvent(in: next, isInDocument: &isInDocument) { event in
        switch event {
        case .text(let bytes): try body(.text(bytes))
        case .endOfDocument: try body(.endOfDocument)
        case .bad(let line):
          throw line.error(file: file, linesBefore: linesBefore, unitOffset: next.byteOffset)
        }
      }
      linesBefore += summary.lines
      repairedCount += summary.repaired
    }
    if isInDocument || (file.format == .text && unit == .file) {
      try body(.endOfDocument)
    }
  }
}

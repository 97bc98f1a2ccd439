import Foundation
import Tokenizer

/// What counts as one document in a `.txt` file; a record of a `.jsonl` file always is one.
package enum DocumentUnit: String, Codable, CaseIterable, Sendable {
  /// Every line.
  case line
  /// Lines up to a blank one (nothing but spaces, tabs and carriage returns).
  case paragraph
  /// The whole file.
  case file
}

/// Reads the documents of one text file, piece by piece, in bounded memory.
///
/// A piece ends at a line break, which ends a word in every tokenizer of this project, so the tokens
/// of the pieces are those of the whole. Text that is not UTF-8 is repaired (each maximal ill-formed
/// part becomes U+FFFD) and counted. A byte order mark at the start is passed over.
///
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
  package var bytesRead: Int { source.bytesRead }
  /// SHA-256 of the bytes read from the disk so far, in hexadecimal.
  package var digest: String { source.digest }

  private let unit: DocumentUnit
  private let isStrict: Bool
  private let field: JSONField
  private let source: FileSource
  private let lines: LineScanner

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - file: What to read.
  ///   - unit: What counts as one document of a `.txt` file.
  ///   - jsonField: Which field of a `.jsonl` record holds the text.
  ///   - strict: Whether text that is not UTF-8 is an error.
  ///   - lineLimitBytes: The longest line that is held in memory.
  /// - Throws: `CorpusError.unreadable`.
  package init(
    file: TextFile, unit: DocumentUnit, jsonField: String = "text", strict: Bool = false,
    lineLimitBytes: Int = TextSource.lineLimitBytes
  ) throws {
    self.file = file
    self.unit = unit
    isStrict = strict
    field = JSONField(name: jsonField)
    source = try FileSource(path: file.path)
    lines = LineScanner(
      source: file.isGzip ? GzipSource(file: source, path: file.path) : source,
      path: file.path, limitBytes: lineLimitBytes)
  }

  /// Reads the file to its end; to be called once.
  ///
  /// - Parameter body: Receives the pieces and ends of documents in order.
  /// - Throws: `CorpusError` for damage in the file (`.unreadable`, `.badGzip`, `.invalidUTF8`,
  ///   `.badJSON`, `.badField`, `.lineTooLong`), and what `body` throws.
  package func forEachEvent(_ body: (Event) throws -> Void) throws {
    var isInDocument = false
    while let line = try lines.next() {
      try withRepaired(line) { bytes in
        let isBlank = bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        switch (file.format, unit) {
        case (.jsonLines, _):
          guard !isBlank else { return }
          try forEachRecordLine(of: bytes, number: line.number) { try body(.text($0)) }
          try body(.endOfDocument)
        case (.text, .line):
          try body(.text(bytes))
          try body(.endOfDocument)
        case (.text, .paragraph):
          if !isBlank {
            isInDocument = true
            try body(.text(bytes))
          } else if isInDocument {
            isInDocument = false
            try body(.endOfDocument)
          }
        case (.text, .file):
          if !isBlank {
            try body(.text(bytes))
          }
        }
      }
    }
    if isInDocument || (file.format == .text && unit == .file) {
      try body(.endOfDocument)
    }
  }

  /// Gives the line as it is where it is valid UTF-8, else repaired, or throws under `strict`.
  private func withRepaired(
    _ line: LineScanner.Line, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let repair = UTF8Repair.repair(line.bytes)
    guard let repaired = repair.repaired else { return try body(line.bytes) }
    guard !isStrict else {
      throw CorpusError.invalidUTF8(
        file: file.path, line: line.number,
        byteOffset: line.byteOffset + (repair.firstInvalidOffset ?? 0))
    }
    repairedCount += repair.invalidCount
    try repaired.withUnsafeBytes(body)
  }

  /// Takes the text out of a record and gives it line by line.
  ///
  /// A text's own line breaks (`\n` in the JSON) are kept apart from the file's, so that pieces end
  /// at the same places as in a `.txt` file.
  private func forEachRecordLine(
    of record: UnsafeRawBufferPointer, number: Int,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var text = try field.text(in: record, path: file.path, number: number)
    try text.withUTF8 { utf8 in
      for part in UnsafeRawBufferPointer(utf8).split(separator: 0x0A) {
        try body(UnsafeRawBufferPointer(rebasing: part))
      }
    }
  }
}

import Foundation
import Tokenizer

/// Finds the documents of a unit, piece by piece.
///
/// A piece ends at a line break, which ends a word in every tokenizer of this project, so the tokens
/// of the pieces are those of the whole.
struct UnitParser: Sendable {
  /// What is found, in order.
  enum Event {
    /// A piece of the present document: valid UTF-8; the bytes live for the call only.
    case text(UnsafeRawBufferPointer)
    /// The present document is over; it may have had no text.
    case endOfDocument
    /// A line that cannot be used; no document comes of it.
    case bad(BadLine)
  }

  /// What a unit had beside its text.
  struct Summary: Sendable {
    /// Line feeds.
    var lines = 0
    /// Ill-formed parts of UTF-8, and halves of surrogate pairs, that were replaced.
    var repaired = 0
  }

  let format: TextFormat.Content
  let documentUnit: DocumentUnit
  let jsonPath: JSONPath
  /// Whether text that is not UTF-8 makes a line bad.
  let isStrict: Bool
  /// Whether blank lines of a document are passed on as pieces.
  var keepsBlankLines = false
  /// Whether lines of one document may come as one piece.
  var joinsLines = false

  /// Reads a unit to its end.
  ///
  /// The end of the file ends no document; a document that is open at the end of a unit goes on in
  /// the next.
  ///
  /// - Parameters:
  ///   - unit: Filled, without a failure.
  ///   - isInDocument: Whether a paragraph is open before the unit, and after it.
  ///   - body: Receives what is found.
  /// - Returns: lines and repairs.
  func forEachEvent(
    in unit: TextUnit, isInDocument: inout Bool, _ body: (Event) throws -> Void
  ) rethrows -> Summary {
    var summary = Summary()
    let bytes = UnsafeRawBufferPointer(rebasing: unit.bytes[unit.markBytes...])
    var reader = LineReader(
      parser: self, unit: unit, isValid: UTF8Repair.repair(bytes).firstInvalidOffset == nil)
    if joinsLines, format == .text, documentUnit == .file, reader.isValid {
      summary.lines = bytes.lineFeeds
      try body(.text(bytes))
      return summary
    }
    if format == .commaSeparated {
      try reader.forEachRecord(body)
    } else {
      try reader.forEachLine(isInDocument: &isInDocument, body)
    }
    return reader.summary
  }

  /// Whether a record's text is at hand, or what is wrong with it.
  fileprivate enum Extraction {
    case text(Range<Int>)
    case owned([UInt8])
    case bad(BadLine.Problem, at: Int)
  }

  /// Reads the lines of one unit.
  private struct LineReader {
    let parser: UnitParser
    let unit: TextUnit
    let isValid: Bool
    var summary = Summary()

    init(parser: UnitParser, unit: TextUnit, isValid: Bool) {
      self.parser = parser
      self.unit = unit
      self.isValid = isValid
    }

    mutating func forEachLine(
      isInDocument: inout Bool, _ body: (Event) throws -> Void
    ) rethrows {
      let bytes = unit.bytes
      var start = unit.markBytes
      var isHeader = unit.hasHeader
      while start < bytes.count {
        let end = bytes.lineEnd(from: start)
        let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        if isHeader {
          isHeader = false
        } else {
          try withRepaired(line, at: start, body) { (reader, line) in
            try reader.take(line, at: start, isInDocument: &isInDocument, body)
          }
        }
        if end < bytes.count { summary.lines += 1 }
        start = end + 1
      }
    }

    mutating func forEachRecord(_ body: (Event) throws -> Void) rethrows {
      let bytes = unit.bytes
      var start = unit.markBytes
      var isHeader = unit.hasHeader
      // A unit ends where a record does, or where the file does.
      while let record = CSVRecord(bytes, from: start, column: unit.column, isAtEnd: true) {
        defer {
          start = record.end
          summary.lines += record.lineFeeds
        }
        let whole = UnsafeRawBufferPointer(rebasing: bytes[start..<record.end])
        guard !isHeader, !(record.columns == 1 && whole.isBlank) else {
          isHeader = false
          continue
        }
        guard record.problem == nil, record.columns > unit.column else {
          let reason = record.problem ?? tooFew(record.columns)
          try body(
            .bad(BadLine(line: summary.lines, byteOffset: start, problem: .row(reason: reason))))
          continue
        }
        if let text = record.unescaped(bytes) {
          try text.withUnsafeBytes { text in
            try withRepaired(text, at: record.field.lowerBound, body) { try $0.lines($1, body) }
          }
        } else {
          let text = UnsafeRawBufferPointer(rebasing: bytes[record.field])
          try withRepaired(text, at: record.field.lowerBound, body) { try $0.lines($1, body) }
        }
      }
    }

    private func tooFew(_ columns: Int) -> String {
      "has \(columns) column\(columns == 1 ? "" : "s"), the text is in column \(unit.column + 1)"
    }

    /// Gives the bytes as they are where they are valid UTF-8, else repaired, or reports them.
    private mutating func withRepaired(
      _ line: UnsafeRawBufferPointer, at offset: Int, _ body: (Event) throws -> Void,
      _ use: (inout LineReader, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
      guard !isValid else { return try use(&self, line) }
      let repair = UTF8Repair.repair(line)
      guard let repaired = repair.repaired else { return try use(&self, line) }
      guard !parser.isStrict else {
        let place = offset + (repair.firstInvalidOffset ?? 0)
        return try body(.bad(BadLine(line: summary.lines, byteOffset: place, problem: .utf8)))
      }
      summary.repaired += repair.invalidCount
      try repaired.withUnsafeBytes { try use(&self, $0) }
    }

    private mutating func take(
      _ line: UnsafeRawBufferPointer, at offset: Int, isInDocument: inout Bool,
      _ body: (Event) throws -> Void
    ) rethrows {
      switch (parser.format, parser.documentUnit) {
      case (.text, .line):
        try body(.text(line))
        try body(.endOfDocument)
      case (.text, .paragraph):
        if !line.isBlank {
          isInDocument = true
          try body(.text(line))
        } else if isInDocument {
          isInDocument = false
          try body(.endOfDocument)
        }
      case (.text, .file):
        if parser.keepsBlankLines || !line.isBlank { try body(.text(line)) }
      default:
        guard !line.isBlank else { return }
        switch parser.format == .jsonLines ? record(line) : row(line) {
        case .text(let range):
          try lines(UnsafeRawBufferPointer(rebasing: line[range]), body)
        case .owned(let text):
          try text.withUnsafeBytes { try lines($0, body) }
        case .bad(let problem, let place):
          try body(
            .bad(BadLine(line: summary.lines, byteOffset: offset + place, problem: problem)))
        }
      }
    }

    /// The text of a line of a `.jsonl` file.
    private mutating func record(_ line: UnsafeRawBufferPointer) -> Extraction {
      func field(_ reason: String) -> Extraction {
        .bad(.field(name: parser.jsonPath.text, reason: reason), at: 0)
      }
      do {
        switch try JSONFieldScanner.find(parser.jsonPath, in: line) {
        case .missing: return field("is missing")
        case .null: return field("is null, not a string")
        case .other: return field("is not a string")
        case .text(let range, hasEscapes: false): return .text(range)
        case .text(let range, hasEscapes: true):
          let text = JSONString.unescape(line, range)
          if let first = text.firstLoneSurrogate, parser.isStrict { return .bad(.utf8, at: first) }
          summary.repaired += text.loneSurrogates
          return .owned(text.bytes)
        }
      } catch {
        return .bad(.json(reason: error.reason), at: 0)
      }
    }

    /// The text of a line of a `.tsv` file.
    private func row(_ line: UnsafeRawBufferPointer) -> Extraction {
      var (start, columns) = (0, 1)
      while columns <= unit.column {
        let tab = line.first(0x09, from: start)
        guard tab < line.count else { break }
        start = tab + 1
        columns += 1
      }
      guard columns > unit.column else { return .bad(.row(reason: tooFew(columns)), at: 0) }
      var end = line.first(0x09, from: start)
      if end == line.count, end > start, line[end - 1] == 0x0D { end -= 1 }
      return .text(start..<end)
    }

    /// A record's text, line by line, and the document's end.
    ///
    /// Its own line breaks are kept apart from the file's, so that pieces end at the same places as
    /// in a `.txt` file.
    private func lines(
      _ text: UnsafeRawBufferPointer, _ body: (Event) throws -> Void
    ) rethrows {
      var start = 0
      while start < text.count {
        let end = text.lineEnd(from: start)
        if end > start || parser.keepsBlankLines {
          try body(.text(UnsafeRawBufferPointer(rebasing: text[start..<end])))
        }
        start = end + 1
      }
      try body(.endOfDocument)
    }
  }
}

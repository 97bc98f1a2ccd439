import Foundation

/// Cuts a file into units of about a mebibyte.
///
/// Memory is that of one unit, whatever the file's size, unless a line, a record, or (where documents
/// have to be whole) a document is longer than a unit. Owns the open file; one thread at a time.
final class UnitReader {
  /// Bytes of a unit, where nothing else is said.
  static let unitBytes = 1 << 20

  /// The file being read.
  let file: TextFile
  private let source: FileSource
  private let bytes: any ByteSource
  private let documentUnit: DocumentUnit
  private let tableColumn: TableColumn?
  private let wholeDocuments: Bool
  private let unitBytes: Int
  /// The longest line or document that is held in memory.
  let limitBytes: Int
  private var next: TextUnit?
  private var isAtEnd = false
  private var isFinished = false
  private var column: Int?
  private let used: FreeList<TextUnit>?

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - file: What to read.
  ///   - documentUnit: What counts as one document of a `.txt` file.
  ///   - column: Where the text of a table is; nil is an error for a table.
  ///   - wholeDocuments: Whether units may end only where documents do.
  ///   - unitBytes: Bytes of a unit, about.
  ///   - limitBytes: The longest line or document that is held in memory.
  ///   - used: Units of that size that nobody needs any more.
  /// - Throws: `CorpusError.unreadable`, `.invalidOption`.
  init(
    file: TextFile, documentUnit: DocumentUnit, column: TableColumn?, wholeDocuments: Bool = false,
    unitBytes: Int = UnitReader.unitBytes, limitBytes: Int = TextSource.lineLimitBytes,
    used: FreeList<TextUnit>? = nil
  ) throws {
    if file.format.isTable && column == nil {
      throw CorpusError.invalidOption(
        name: "column", value: "left out for '\(file.path)'",
        allowed: "the number of the column that holds the text, or its name in the header")
    }
    self.file = file
    self.documentUnit = documentUnit
    tableColumn = column
    self.wholeDocuments = wholeDocuments
    self.unitBytes = unitBytes
    self.limitBytes = limitBytes
    self.used = used
    source = try FileSource(file: file)
    bytes = uncompressed(source, of: file)
  }

  /// Bytes read from the disk so far, compressed where the file is.
  var bytesRead: Int { source.bytesRead }

  /// SHA-256 of the bytes read from the disk so far, in hexadecimal.
  var digest: String { source.digest }

  /// Passes over the beginning of the text, so that the next unit begins at an offset that an
  /// earlier reader gave, with the column that it gave.
  ///
  /// - Throws: what the source throws; `CorpusError.unreadable` where the text is shorter.
  func skip(to byteOffset: Int, column: Int) throws {
    self.column = column
    let scratch = TextUnit(byteOffset: 0, capacity: unitBytes)
    var left = byteOffset
    while left > 0 {
      let room = UnsafeMutableRawBufferPointer(rebasing: scratch.storage[..<min(left, unitBytes)])
      let count = try bytes.read(into: room)
      guard count > 0 else {
        throw CorpusError.unreadable(file: file.path, reason: "it is shorter than it was")
      }
      left -= count
    }
    next = TextUnit(byteOffset: byteOffset, capacity: unitBytes)
  }

  /// The next unit; nil after the one that `isLast`.
  ///
  /// - Throws: what the source throws; `CorpusError.noColumn`.
  func nextUnit() throws -> TextUnit? {
    guard !isFinished else { return nil }
    let unit = next ?? makeUnit(byteOffset: 0, capacity: unitBytes)
    next = nil
    var target = unitBytes
    while true {
      while unit.count < target, !isAtEnd {
        let count = try bytes.read(into: unit.room)
        unit.count += count
        isAtEnd = count == 0
      }
      if isAtEnd {
        unit.isLast = true
      } else if let cut = UnitCut.last(
        in: unit, format: file.format, documentUnit: documentUnit, wholeDocuments: wholeDocuments)
      {
        let rest = makeUnit(
          byteOffset: unit.byteOffset + cut, capacity: max(unitBytes, unit.count - cut + 4096))
        rest.room.copyMemory(from: UnsafeRawBufferPointer(rebasing: unit.bytes[cut...]))
        rest.count = unit.count - cut
        unit.count = cut
        next = rest
      } else if unit.count > limitBytes {
        let isDocument = wholeDocuments && file.format == .text && documentUnit != .line
        unit.failure = isDocument ? .documentTooLong : .lineTooLong
      } else {
        target = 2 * unit.storage.count
        unit.grow(capacity: target)
        continue
      }
      isFinished = unit.isLast || unit.failure != nil
      unit.bytesRead = source.bytesRead
      try setColumn(of: unit)
      return unit
    }
  }

  private func makeUnit(byteOffset: Int, capacity: Int) -> TextUnit {
    guard capacity == unitBytes, let unit = used?.take() else {
      return TextUnit(byteOffset: byteOffset, capacity: capacity)
    }
    unit.reset(byteOffset: byteOffset)
    return unit
  }

  private func setColumn(of unit: TextUnit) throws {
    guard let tableColumn, file.format.isTable else { return }
    unit.hasHeader = unit.isFirst && tableColumn.hasHeader
    if column == nil, unit.failure == nil {
      column = try tableColumn.index(in: unit, of: file)
    }
    unit.column = column ?? 0
  }
}

/// Where a unit may end.
enum UnitCut {
  /// The last such place, past its line feed; nil where there is none.
  static func last(
    in unit: TextUnit, format: TextFormat.Content, documentUnit: DocumentUnit, wholeDocuments: Bool
  ) -> Int? {
    switch (format, documentUnit) {
    case (.commaSeparated, _):
      var end = unit.markBytes
      while let record = CSVRecord(unit.bytes, from: end, column: 0, isAtEnd: false) {
        end = record.end
      }
      return end > unit.markBytes ? end : nil
    case (.text, .file) where wholeDocuments:
      return nil
    case (.text, .paragraph):
      return lastBlankLine(in: unit.bytes) ?? (wholeDocuments ? nil : lastLine(in: unit.bytes))
    default:
      return lastLine(in: unit.bytes)
    }
  }

  private static func lastLine(in bytes: UnsafeRawBufferPointer, before end: Int? = nil) -> Int? {
    var place = end ?? bytes.count
    while place > 0, bytes[place - 1] != 0x0A { place -= 1 }
    return place > 0 ? place : nil
  }

  private static func lastBlankLine(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard var end = lastLine(in: bytes) else { return nil }
    while end > 0 {
      let start = lastLine(in: bytes, before: end - 1) ?? 0
      if UnsafeRawBufferPointer(rebasing: bytes[start..<end]).isBlank { return end }
      end = start
    }
    return nil
  }
}

/// Which column of a table holds the text.
package struct TableColumn: Hashable, Sendable {
  /// The name in the header, or the number from 1.
  private enum Place: Hashable {
    case number(Int)
    case name(String)
  }

  private let place: Place
  /// Whether the first record is a header, which is no text.
  let hasHeader: Bool

  /// A column as it is written on the command line: digits are a number from 1, anything else is a
  /// name in the header.
  ///
  /// - Throws: `CorpusError.invalidOption`.
  package init(_ text: String, hasHeader: Bool) throws {
    if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      guard let number = Int(text), (1...1_000_000).contains(number) else {
        throw CorpusError.invalidOption(
          name: "column", value: "'\(text)'", allowed: "a number from 1, or a name in the header")
      }
      place = .number(number)
      self.hasHeader = hasHeader
    } else {
      place = .name(text)
      self.hasHeader = true
    }
  }

  /// The column's index from 0, looked up in the header at the beginning of a file's first unit.
  ///
  /// - Throws: `CorpusError.noColumn`.
  func index(in unit: TextUnit, of file: TextFile) throws -> Int {
    switch place {
    case .number(let number):
      return number - 1
    case .name(let name):
      let names = TableColumn.names(in: unit, content: file.format)
      guard let index = names.firstIndex(of: name) else {
        throw CorpusError.noColumn(file: file.path, column: name, header: names)
      }
      return index
    }
  }

  private static func names(in unit: TextUnit, content: TextFormat.Content) -> [String] {
    let bytes = unit.bytes
    guard content == .commaSeparated else {
      let line = TextUnit.withoutReturn(bytes[unit.markBytes..<bytes.lineEnd(from: 0)])
      return line.split(separator: 0x09, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    }
    var names: [String] = []
    while let record = CSVRecord(
      bytes, from: unit.markBytes, column: names.count, isAtEnd: unit.isLast),
      names.count < record.columns
    {
      let text = record.unescaped(bytes) ?? Array(bytes[record.field])
      names.append(String(decoding: text, as: UTF8.self))
    }
    return names
  }
}

extension TextUnit {
  /// A line without the carriage return at its end.
  static func withoutReturn(_ line: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer>
  {
    line.last == 0x0D ? line.dropLast() : line
  }
}

/// One record of a `.csv` file (RFC 4180) and the place of one of its columns.
///
/// A quote opens a quoted field only where the field begins; elsewhere it is a character like any
/// other, as most readers have it. No package is used: those there are load whole files.
struct CSVRecord {
  /// Where the next record begins.
  private(set) var end: Int
  /// Line feeds in the record, its own at the end included.
  private(set) var lineFeeds = 0
  /// Number of columns.
  private(set) var columns = 0
  /// The wanted column's bytes, without the quotes round it; empty where there is no such column.
  private(set) var field: Range<Int>
  /// Whether the field was between quotes, so that two quotes in it stand for one.
  private(set) var isQuoted = false
  /// What is wrong with the record.
  private(set) var problem: String?

  /// Reads the record that begins at `start`; nil where there is none, or none that ends in these
  /// bytes. Where the text ends with them, a record may end without a line feed.
  init?(_ bytes: UnsafeRawBufferPointer, from start: Int, column: Int, isAtEnd: Bool) {
    guard start < bytes.count else { return nil }
    field = start..<start
    end = start
    var place = start
    while true {
      let fieldStart = place
      var content = place..<place
      let opens = place < bytes.count && bytes[place] == UInt8(ascii: "\"")
      if opens {
        place += 1
        var isClosed = false
        while place < bytes.count {
          let quote = bytes.first(UInt8(ascii: "\""), from: place)
          lineFeeds += UnsafeRawBufferPointer(rebasing: bytes[place..<quote]).lineFeeds
          place = quote
          guard place < bytes.count else { break }
          guard place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "\"") else {
            isClosed = true
            break
          }
          place += 2
        }
        guard isClosed else {
          guard isAtEnd else { return nil }
          problem = "has a quote that is never closed"
          end = bytes.count
          return
        }
        content = fieldStart + 1..<place
        place += 1
      }
      let restStart = place
      while place < bytes.count, bytes[place] != UInt8(ascii: ","), bytes[place] != 0x0A {
        place += 1
      }
      let endsRecord = place == bytes.count || bytes[place] == 0x0A
      guard place < bytes.count || isAtEnd else { return nil }
      var restEnd = place
      if endsRecord, restEnd > restStart, bytes[restEnd - 1] == 0x0D { restEnd -= 1 }
      if opens && restEnd > restStart {
        problem = "has text after the quote that closes column \(columns + 1)"
      }
      if columns == column {
        field = opens ? content : restStart..<restEnd
        isQuoted = opens
      }
      columns += 1
      if endsRecord {
        end = min(place + 1, bytes.count)
        if place < bytes.count { lineFeeds += 1 }
        return
      }
      place += 1
    }
  }

  /// The field's text with pairs of quotes made one; nil where the bytes are the text already.
  func unescaped(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    guard isQuoted, bytes[field].contains(UInt8(ascii: "\"")) else { return nil }
    var text: [UInt8] = []
    text.reserveCapacity(field.count)
    var place = field.lowerBound
    while place < field.upperBound {
      text.append(bytes[place])
      place += bytes[place] == UInt8(ascii: "\"") ? 2 : 1
    }
    return text
  }
}

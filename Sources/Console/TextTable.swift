/// A table of text with aligned columns: the first to the left, the others to the right.
package struct TextTable {
  private let header: [String]
  private var rows: [[String]] = []

  /// Starts a table with its column titles.
  package init(_ header: [String]) { self.header = header }

  /// Adds a row.
  ///
  /// - Precondition: as many cells as columns.
  package mutating func add(_ row: [String]) {
    precondition(row.count == header.count, "\(row.count) cells in \(header.count) columns")
    rows.append(row)
  }

  /// The table, a line a row, without a line break at the end.
  package var text: String {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }
      return padded.joined(separator: "  ")
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
  }
}

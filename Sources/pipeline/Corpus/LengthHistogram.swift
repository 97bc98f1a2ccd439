import Console

/// A histogram of sequence lengths as lines of text.
struct LengthHistogram {
  private static let bins = 16
  private let counts: [Int]

  /// - Parameter counts: `counts[n]` sequences have n tokens.
  init(_ counts: [Int]) { self.counts = counts }

  /// A line for each range of lengths, to fill so many columns: range, bar, count, share.
  func lines(columns: Int) -> [String] {
    let total = counts.reduce(0, +)
    guard total > 0, let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return [] }
    let width = (last - first + LengthHistogram.bins) / LengthHistogram.bins
    // Bins end at the longest length, since full sequences are what one looks for.
    var rows: [(label: String, count: Int)] = []
    var end = last
    while end >= first {
      let start = max(first, end - width + 1)
      rows.append(
        (start == end ? "\(end)" : "\(start)–\(end)", counts[start...end].reduce(0, +)))
      end = start - 1
    }
    rows.reverse()
    let labelWidth = rows.map(\.label.count).max() ?? 0
    let numbers = rows.map {
      "\(Format.count($0.count))  \(Format.percent(Double($0.count) / Double(total)))"
    }
    let room = max(10, min(columns, 100) - labelWidth - (numbers.map(\.count).max() ?? 0) - 6)
    let most = rows.map(\.count).max() ?? 1
    return zip(rows, numbers).map { row, number in
      let space = String(repeating: " ", count: labelWidth - row.label.count)
      let bar = Bar.text(Double(row.count) / Double(most) * Double(room))
      return "  \(space)\(row.label)  \(bar)\(bar.isEmpty ? "" : " ")\(number)"
    }
  }
}

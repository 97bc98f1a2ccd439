import Console
import ShardStore

/// A bar picture of a cache's bytes by stream.
struct StreamBars {
  /// Sizes by stream.
  let streams: [String: StreamBytes]
  /// Positions that keep a target.
  let rows: Int

  /// A line for each stream, largest first, to fill so many columns: name, bar, bytes per position,
  /// share.
  func lines(columns: Int) -> [String] {
    let sorted = streams.sorted { ($1.value.stored, $0.key) < ($0.value.stored, $1.key) }
    let total = max(1, sorted.reduce(0) { $0 + $1.value.stored })
    let labelWidth = sorted.map(\.key.count).max() ?? 0
    let numbers = sorted.map { entry in
      "\(Format.fixed(Double(entry.value.stored) / Double(max(rows, 1)), 1))  "
        + "\(Format.percent(Double(entry.value.stored) / Double(total)))"
    }
    let room = max(10, min(columns, 100) - labelWidth - (numbers.map(\.count).max() ?? 0) - 6)
    let most = max(1, sorted.first?.value.stored ?? 1)
    return zip(sorted, numbers).map { entry, number in
      let space = String(repeating: " ", count: labelWidth - entry.key.count)
      let bar = Bar.text(Double(entry.value.stored) / Double(most) * Double(room))
      return "  \(space)\(entry.key)  \(bar)\(bar.isEmpty ? "" : " ")\(number)"
    }
  }
}

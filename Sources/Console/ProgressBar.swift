import Foundation

/// Shows how far a long task has come: one redrawn line on a terminal, plain lines elsewhere.
///
/// One thread calls it.
package final class ProgressBar {
  private let label: String
  private let quiet: Bool
  private let interactive = Terminal.isInteractive
  private let start = ContinuousClock.now
  private let firstInterval: Duration
  private var lastDrawn: ContinuousClock.Instant?
  private var baseline = 0.0
  private var drewLine = false

  /// Starts a bar; `quiet` shows nothing at all.
  ///
  /// Plain lines come 10 seconds apart at first, and further apart the longer the task takes, up to two
  /// minutes.
  package init(_ label: String, quiet: Bool) {
    self.label = label
    self.quiet = quiet
    firstInterval = interactive ? .milliseconds(100) : .seconds(10)
  }

  /// Seconds since the bar was made.
  package var elapsedSeconds: Double { (ContinuousClock.now - start).seconds }

  /// Work that an earlier run had done counts in the share, not in the time left.
  package func resume(at fraction: Double) { baseline = fraction }

  /// Shows the state: `fraction` of the work is done, from 0 to 1; `detail` says what of.
  package func update(_ fraction: Double, _ detail: @autoclosure () -> String) {
    guard !quiet else { return }
    let now = ContinuousClock.now
    let interval =
      interactive
      ? firstInterval : max(firstInterval, min(.seconds(120), .seconds(elapsedSeconds / 20)))
    if let lastDrawn, now - lastDrawn < interval { return }
    if lastDrawn == nil && !interactive {  // the first plain line after an interval, not at once
      lastDrawn = now
      return
    }
    lastDrawn = now
    show(fraction, detail())
  }

  /// Shows the last state and leaves the line.
  package func finish(_ detail: String) {
    guard !quiet else { return }
    if interactive {
      clear()
    }
    Terminal.note("\(label): \(detail) in \(Format.duration(elapsedSeconds))")
  }

  /// Takes the line off the terminal, so that something else can be written.
  package func clear() {
    if drewLine { Terminal.draw("\r\u{1B}[2K") }
    drewLine = false
  }

  private func show(_ fraction: Double, _ detail: String) {
    let share = min(max(fraction, 0), 1)
    let done = share - baseline
    let left =
      done > 0.001
      ? Format.duration(elapsedSeconds / done * (1 - share)) + " left" : "estimating"
    let percent = "\(Int(100 * share)) %"
    guard interactive else {
      return Terminal.note("\(label): \(percent), \(detail), \(left)")
    }
    Terminal.draw(
      "\r\u{1B}[2K"
        + Self.line(
          label: label, share: share, detail: detail, left: left, columns: Terminal.columns - 1))
    drewLine = true
  }

  /// The line that fits: without the bar, then without the label, then cut at its end.
  package static func line(
    label: String, share: Double, detail: String, left: String, columns: Int
  ) -> String {
    let width = 24
    let filled = Int(share * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let percent = "\(Int(100 * share)) %"
    let lines = [
      "\(label) \(bar) \(percent)  \(detail)  \(left)", "\(label) \(percent)  \(detail)  \(left)",
      "\(percent)  \(left)  \(detail)",
    ]
    return lines.first { $0.count <= columns } ?? String(lines[2].prefix(max(columns, 0)))
  }
}

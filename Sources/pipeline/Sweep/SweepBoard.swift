import Console
import Logging

/// Shows the students in work: a line each that is redrawn on a terminal, nothing elsewhere.
struct SweepBoard {
  private let quiet: Bool
  private var drawnLines = 0
  private var lastDrawn: ContinuousClock.Instant?

  init(quiet: Bool) { self.quiet = quiet }

  /// Draws the lines, at most a few times a second.
  mutating func update(_ lines: () -> [String]) {
    guard !quiet, Terminal.isInteractive else { return }
    let now = ContinuousClock.now
    if let lastDrawn, now - lastDrawn < .milliseconds(400) { return }
    clear()
    lastDrawn = now
    let lines = lines().map { String($0.prefix(max(20, Terminal.columns - 1))) }
    Terminal.draw(lines.map { $0 + "\n" }.joined())
    drawnLines = lines.count
  }

  /// Takes the lines off the terminal, so that something else can be written.
  mutating func clear() {
    if drawnLines > 0 { Terminal.draw("\u{1B}[\(drawnLines)A\u{1B}[J") }
    (drawnLines, lastDrawn) = (0, nil)
  }

  /// The line of a student.
  static func line(_ name: String, _ progress: (step: Int, total: Int?, loss: Double?)?) -> String {
    guard let progress else { return "  \(name)  starting" }
    let share = progress.total.map { Double(progress.step) / Double(max($0, 1)) } ?? 0
    let width = 16
    let filled = Int(min(max(share, 0), 1) * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let steps = progress.total.map { "\(progress.step)/\($0)" } ?? "\(progress.step)"
    let loss = progress.loss.map { "  loss \(Format.fixed($0, 3))" } ?? ""
    let percent = "\(Int(100 * share))"
    let space = String(repeating: " ", count: max(0, 3 - percent.count))
    return "  \(bar) \(space)\(percent) %  \(name)  step \(steps)\(loss)"
  }
}

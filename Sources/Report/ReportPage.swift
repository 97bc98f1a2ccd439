import Console
import Foundation

/// A page that tells what runs gave: one file, without scripts, and nothing to load from elsewhere.
package struct ReportPage {
  private let content: ReportContent
  private let runs: [RunRecord]
  private let legend: Legend

  /// A page of that content.
  package init(_ content: ReportContent) {
    self.content = content
    runs = content.sortedRuns
    legend = Legend(names: runs.map(\.name))
  }

  /// The file.
  package var html: String {
    let page: HTML = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(content.title)</title>
      <style>
      \(Stylesheet.rules)
      \(legend.highlighting)
      </style>
      </head>
      <body>
      <main>
      <header>
      <h1>\(content.title)</h1>
      <p>\(content.made)</p>
      \(tiles)
      \(notes)
      </header>
      \(StudentTable(content: content, runs: runs, legend: legend).section)
      \(SeedSection(content: content, runs: runs).section)
      \(CurveSections(content: content, runs: runs, legend: legend).section)
      \(CostSection(content: content).section)
      \(FidelitySection(content: content).section)
      <footer>Made by <code>pipeline report</code> from \(folders).</footer>
      </main>
      </body>
      </html>

      """
    return page.text
  }

  private var folders: String {
    runs.map { $0.folder.lastPathComponent }.joined(separator: ", ")
  }

  /// The few numbers that a reader looks for first.
  private var tiles: HTML {
    var tiles: [(value: String, text: String)] = []
    let finished = runs.count { $0.summary != nil }
    tiles.append(
      (
        "\(runs.count)",
        finished == runs.count
          ? (runs.count == 1 ? "student, finished" : "students, all finished")
          : "students, \(finished) of them finished"
      ))
    if let best = runs.first, let loss = best.figures?.loss {
      tiles.append((Format.fixed(loss, 3), "nats, lowest held-out loss: \(best.name)"))
      if let teacher = content.teacher, let figures = best.figures {
        let kept = Retention(
          student: figures, teacher: teacher, unigramEntropy: content.heldOut?.unigramEntropy)
        if let share = kept.accuracy {
          tiles.append((Format.percent(share), "of the teacher’s accuracy, by the same student"))
        }
        if let own = figures.parameters, let all = teacher.parameters, all > 0 {
          tiles.append((Format.percent(Double(own) / Double(all)), "of the teacher’s parameters"))
        }
      }
    }
    if let pass = content.pass, let cost = CostComparison(content.runs, pass: pass) {
      let ratio = cost.onlineSeconds / cost.cachedSeconds
      tiles.append(
        (
          "\(Format.fixed(ratio, 2))×",
          cost.measuredOn == nil
            ? "the time, had the teacher run at every step (estimate)"
            : "the time, had the teacher run at every step"
        ))
    }
    let cells: [HTML] = tiles.map {
      "<div class=\"tile\"><b>\($0.value)</b><span>\($0.text)</span></div>"
    }
    return "<div class=\"tiles\">\(cells)</div>"
  }

  private var notes: HTML {
    let problems = content.notes + runs.flatMap { run in run.problems.map { "\(run.name) \($0)" } }
    guard !problems.isEmpty else { return "" }
    let lines: [HTML] = problems.map { "<li>\($0)</li>" }
    return "<ul class=\"notes\">\(lines)</ul>"
  }
}

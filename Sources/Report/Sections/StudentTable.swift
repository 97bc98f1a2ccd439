import Console
import StudentTrainer

/// The students side by side, the best first.
struct StudentTable {
  let content: ReportContent
  let runs: [RunRecord]
  let legend: Legend

  /// More settings than this share one column.
  private static let mostColumns = 7

  var section: HTML {
    let differences = RunDifferences(runs.map(\.fields)).columns
    let settings: [(title: String, cell: (Int) -> HTML, isText: Bool)] =
      differences.count <= Self.mostColumns
      ? differences.map { column in
        (column.title, { "\(column.values[$0])" }, column.values.contains { Double($0) == nil })
      }
      : [
        (
          "settings",
          { run in
            HTML(
              differences.filter { $0.values[run] != $0.usual }.map {
                "<span class=\"chip\">\($0.title) <b>\($0.values[run])</b></span>"
              })
          }, true
        )
      ]
    let titles: [HTML] = settings.map { setting in
      "<th scope=\"col\" class=\"\(setting.isText ? "text" : "number")\">\(setting.title)</th>"
    }
    let rows: [HTML] = runs.enumerated().map { index, run in
      let cells: [HTML] = settings.map { setting in
        "<td class=\"\(setting.isText ? "text" : "number")\">\(setting.cell(index))</td>"
      }
      return """
        <tr class="key-\(index)"><th scope="row">\(legend.swatch(index))\(run.name)\
        \(run.summary == nil ? " <small>not finished</small>" : "" as HTML)</th>
        \(cells)\(measured(run.figures, seconds: run.summary?.seconds))</tr>
        """
    }
    return """
      <section id="students">
      <h2>Students</h2>
      <div class="scroll"><table data-students="\(runs.count)">
      <thead><tr><th scope="col">student</th>
      \(titles)
      <th scope="col" class="number">held-out loss</th><th scope="col" class="number">accuracy</th>
      <th scope="col" class="number">accuracy kept</th><th scope="col" class="number">loss kept</th>
      <th scope="col" class="number">parameters</th><th scope="col" class="number">on disk</th>
      <th scope="col" class="number">latency</th>
      <th scope="col" class="number">training</th></tr></thead>
      <tbody>
      \(teacherRow(columns: settings.count))
      \(rows)
      </tbody></table></div>
      \(usual(differences))
      \(definitions)
      </section>
      """
  }

  /// What the column of settings leaves out.
  private func usual(_ differences: [RunDifferences.Column]) -> HTML {
    guard differences.count > Self.mostColumns else { return "" }
    let settings = differences.map { "\($0.title) \($0.usual)" }.joined(separator: ", ")
    return
      "<p class=\"note\"><b>Settings</b> that are not named are those of most: \(settings).</p>"
  }

  private func teacherRow(columns: Int) -> HTML {
    guard let teacher = content.teacher else { return "" }
    let empty = HTML((0..<columns).map { _ in "<td></td>" })
    return """
      <tr class="teacher"><th scope="row">\(teacher.name) <small>teacher</small></th>\(empty)\
      \(measured(teacher, seconds: nil))</tr>
      """
  }

  private func measured(_ figures: ModelFigures?, seconds: Double?) -> HTML {
    var kept: Retention?
    if let figures, let teacher = content.teacher {
      kept = Retention(
        student: figures, teacher: teacher, unigramEntropy: content.heldOut?.unigramEntropy)
    }
    let best = runs.first?.figures?.loss
    let isBest = figures?.loss != nil && figures?.loss == best && runs.count > 1
    func cell(_ text: String?, strong: Bool = false) -> HTML {
      guard let text else { return "<td class=\"number none\">–</td>" }
      return strong
        ? "<td class=\"number\"><b>\(text)</b></td>" : "<td class=\"number\">\(text)</td>"
    }
    return HTML([
      cell(figures?.loss.map { Format.fixed($0, 4) }, strong: isBest),
      cell(figures?.accuracy.map(Format.percent)), cell(kept?.accuracy.map(Format.percent)),
      cell(kept?.loss.map { Format.percent($0).replacing("-", with: "−") }),
      cell(figures?.parameters.map(Format.count)),
      cell(figures?.diskBytes.map(Format.bytes)),
      cell(figures?.latency.map { "\(Format.fixed($0.medianMilliseconds, 2)) ms" }),
      cell(seconds.map(Format.duration)),
    ])
  }

  private var definitions: HTML {
    var lines: [HTML] = []
    if runs.contains(where: { $0.figures?.loss != nil }) {
      lines.append(
        """
        <b>Held-out loss</b> is the mean cross entropy of masked tokens in nats, <b>accuracy</b> the \
        share of them whose likeliest token is right: 15 % of the tokens under masks that are always \
        the same.
        """)
    }
    if let latency = runs.compactMap({ $0.figures?.latency }).first ?? content.teacher?.latency {
      lines.append(
        """
        <b>Latency</b> is the median of \(latency.runs) runs of one sequence of \(latency.tokens) tokens \
        with the head at one position, on the machine that made this page.
        """)
    }
    if content.teacher?.accuracy != nil {
      lines.append(
        """
        <b>Accuracy kept</b> is a student’s accuracy over the teacher’s. <b>Loss kept</b> is the share of \
        the way from a guess without context to the teacher that a student goes, \
        (H − student) / (H − teacher), where H is the entropy of the held-out text’s single tokens\
        \(content.heldOut?.unigramEntropy.map { ", \(Format.fixed($0, 4)) nats" } ?? ""): 100 % is \
        the teacher, 0 % a model that knows only how common each token is, and below 0 % is worse \
        than that.
        """)
    }
    return HTML(lines.map { "<p class=\"note\">\($0)</p>" })
  }
}

/// Losses along the steps, then what else a run's metrics hold.
struct CurveSections {
  let content: ReportContent
  let runs: [RunRecord]
  let legend: Legend

  private static let losses = [
    ("eval_loss", "Held-out loss, nats", LineChart.Style.dotted),
    ("loss", "Training loss, weighted sum of its parts", .smoothed),
    ("loss_ce", "Soft targets: T² times the divergence", .smoothed),
    ("loss_mlm", "Masked tokens: cross entropy, nats", .smoothed),
    ("loss_cos", "Last hidden states: 1 − cosine", .smoothed),
    ("loss_hidden", "Hidden states of layers", .smoothed),
  ]
  private static let others = [
    ("learning_rate", "Learning rate", LineChart.Style.line),
    ("tokens_per_second", "Tokens per second", .smoothed),
    ("grad_norm", "Norm of the gradients before clipping", .smoothed),
    ("eval_accuracy", "Held-out accuracy", .dotted),
    ("data_wait_share", "Share of the time waiting for data", .smoothed),
    ("temperature", "Temperature", .line),
  ]
  /// Keys that are no curve, and those that are drawn above.
  private static let hidden: Set = ["epoch", "tokens", "eval_positions", "skipped_sequences"]

  var section: HTML {
    let losses = Self.losses.compactMap { chart($0.0, $0.1, $0.2).figure(legend) }
    let others = (Self.others + unknown).compactMap { key, title, style in
      var chart = chart(key, title, style)
      chart.size = (330, 200)
      return chart.figure(legend)
    }
    let nothing: HTML = "<p class=\"note\">No run has metrics to draw.</p>"
    return """
      <section id="curves">
      <h2>Losses</h2>
      \(legend.list)
      \(losses.isEmpty ? nothing : "<div class=\"figures\">\(losses)</div>")
      \(missing)
      <p class="note">Faint points are single steps, lines their mean over a tenth of the run. Where \
      weights or temperatures differ between runs, weighted sums and T² terms are not the same \
      quantity; the held-out loss is.</p>
      </section>
      \(others.isEmpty ? "" as HTML : second(others))
      """
  }

  private func second(_ figures: [HTML]) -> HTML {
    """
    <section id="more">
    <h2>Rate, speed and gradients</h2>
    \(legend.list)
    <div class="small figures">\(figures)</div>
    </section>
    """
  }

  /// Why the held-out loss has no curve, where it has none.
  private var missing: HTML {
    let without = runs.filter { $0.metrics["eval_loss"].isEmpty }
    guard !without.isEmpty else { return "" }
    let names = without.count == runs.count ? "No run" : "Not every run"
    return """
      <p class="note">\(names) was evaluated as it went (<code>train-student --eval-corpus</code>); without: \
      \(without.map(\.name).joined(separator: ", ")).</p>
      """
  }

  /// Keys that this version does not know, and that change along a run.
  private var unknown: [(String, String, LineChart.Style)] {
    let known = Set((Self.losses + Self.others).map(\.0)).union(Self.hidden)
    let keys = Set(runs.flatMap { $0.metrics.series.keys }).subtracting(known).sorted()
    return keys.filter { key in
      runs.contains { Set($0.metrics[key].map(\.value)).count > 1 }
    }.map { ($0, $0, .line) }
  }

  private func chart(_ key: String, _ title: String, _ style: LineChart.Style) -> LineChart {
    var chart = LineChart(
      title: title, key: key,
      curves: runs.enumerated().map { Curve(run: $0, points: $1.metrics[key]) }, style: style)
    if key == "eval_loss", let teacher = content.teacher, let loss = teacher.loss,
      runs.contains(where: { $0.figures?.positions == teacher.positions })
    {
      chart.level = (loss, "teacher")
    }
    return chart
  }
}

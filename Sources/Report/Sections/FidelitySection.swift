import Console
import StudentTrainer

/// What a cache loses of the teacher's distributions.
struct FidelitySection {
  let content: ReportContent

  var section: HTML {
    """
    <section id="fidelity">
    <h2>Fidelity of the cache</h2>
    \(text)
    </section>
    """
  }

  private var text: HTML {
    guard let report = content.fidelity else {
      return """
        <p class="note">Not measured: \(content.pass == nil
          ? "no cache was given (--cache)" : "the cache keeps no audit rows").</p>
        """
    }
    let rows: [HTML] = report.entries.map { entry in
      """
      <tr><th scope="row">\(entry.variant)</th><td class="number">\(Format.fixed(entry.temperature, 1))</td>\
      <td class="number">\(Format.fixed(entry.totalBytes, 1))</td>\
      <td class="number">\(Format.fixed(entry.gradientAngle, 2))°</td>\
      <td class="number">\(entry.divergence.map { Format.fixed($0, $0 < 0.001 ? 6 : 4) } ?? "–")</td></tr>
      """
    }
    return """
      <p>Against the full logits of \(Format.count(report.rows, "audit row")): how far the direction of a \
      student’s gradient turns when it learns from the cache and not from the full distribution, and \
      what that costs in bytes a position. Lower left is better. The student is \(report.student).</p>
      <div class="figures">\(FidelityFigure([report]).figures)</div>
      <details><summary>All figures</summary>
      <div class="scroll"><table><thead><tr><th scope="col">read</th><th scope="col" class="number">T</th>\
      <th scope="col" class="number">bytes</th><th scope="col" class="number">angle</th>\
      <th scope="col" class="number">KL, nats</th></tr></thead>
      <tbody>\(rows)</tbody></table></div></details>
      """
  }
}

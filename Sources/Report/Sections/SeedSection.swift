import Console

/// Means over seeds, where runs differ in their seed alone.
struct SeedSection {
  let content: ReportContent
  let runs: [RunRecord]

  var section: HTML {
    let groups = SeedGroup.groups(of: runs)
    guard !groups.isEmpty else { return "" }
    let columns = RunDifferences(
      groups.map { $0.runs[0].fields.filter { $0.key != "initialParameters" } }
    ).columns.filter { $0.title != "seed" }
    let titles: [HTML] = columns.map { "<th scope=\"col\" class=\"number\">\($0.title)</th>" }
    let rows: [HTML] = groups.enumerated().map { index, group in
      let cells: [HTML] = columns.map { "<td class=\"number\">\($0.values[index])</td>" }
      let names = group.runs.map(\.name).joined(separator: ", ")
      return """
        <tr><th scope="row">\(names)</th>\(cells)<td class="number">\(group.runs.count)</td>\
        <td class="number">\(spread(group.loss, { Format.fixed($0, 4) }))</td>\
        <td class="number">\(spread(group.accuracy, Format.percent))</td></tr>
        """
    }
    return """
      <section id="seeds">
      <h2>Means over seeds</h2>
      <div class="scroll"><table data-groups="\(groups.count)"><thead><tr><th scope="col">students</th>\(titles)\
      <th scope="col" class="number">seeds</th><th scope="col" class="number">held-out loss</th>\
      <th scope="col" class="number">accuracy</th></tr></thead>
      <tbody>\(rows)</tbody></table></div>
      <p class="note">Mean ± sample standard deviation of students that differ in their seed alone.</p>
      </section>
      """
  }

  private func spread(_ value: SeedGroup.Spread, _ text: (Double) -> String) -> String {
    "\(text(value.mean)) ± \(text(value.deviation))"
  }
}
